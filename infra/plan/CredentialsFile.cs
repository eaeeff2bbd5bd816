namespace Reelseal.Infra;

/// <summary>
/// The content of a function's AWS secret: a shared credentials file (AWS SDKs and Tools Reference Guide, "Shared config and credentials files").
/// </summary>
public static class CredentialsFile
{
    /// <summary>Where Kubernetes puts the token of a service account that is known to AWS (EKS User Guide, "IAM roles for service accounts").</summary>
    private const string TokenFile = "/var/run/secrets/eks.amazonaws.com/serviceaccount/token";

    public static string ForKey(string accessKeyId, string secretAccessKey) => $"""
        [default]
        aws_access_key_id = {accessKeyId}
        aws_secret_access_key = {secretAccessKey}

        """;

    /// <summary>Holds no secret then, but has the same name, so that stack.yml is the same for both.</summary>
    public static string ForRole(string roleArn) => $"""
        [default]
        role_arn = {roleArn}
        web_identity_token_file = {TokenFile}

        """;
}
