using Reelseal.Infra;

namespace Deployment.Tests.Infra;

public sealed class CredentialsFileTests
{
    [Fact]
    public void An_access_key_becomes_the_default_profile() => Assert.Equal(
        "[default]\naws_access_key_id = AKIAEXAMPLE\naws_secret_access_key = abc/def+ghi\n",
        CredentialsFile.ForKey("AKIAEXAMPLE", "abc/def+ghi"));

    [Fact]
    public void A_role_is_assumed_with_the_service_accounts_token() => Assert.Equal(
        "[default]\nrole_arn = arn:aws:iam::111122223333:role/ingest\nweb_identity_token_file = /var/run/secrets/eks.amazonaws.com/serviceaccount/token\n",
        CredentialsFile.ForRole("arn:aws:iam::111122223333:role/ingest"));
}
