using System.Text.Json;
using Reelseal.Infra;

namespace Deployment.Tests.Infra;

public sealed class BucketAccessTests
{
    private const string Bucket = "arn:aws:s3:::media";
    private const string Distribution = "arn:aws:cloudfront::111122223333:distribution/E1";

    [Fact]
    public void The_bucket_lets_one_distribution_read_videos_downloads_and_the_page_and_refuses_requests_without_tls() => AssertJson(
        """
        {
          "Version": "2012-10-17",
          "Statement": [
            {
              "Sid": "DistributionReads",
              "Effect": "Allow",
              "Action": ["s3:GetObject"],
              "Resource": ["arn:aws:s3:::media/videos/*", "arn:aws:s3:::media/downloads/*", "arn:aws:s3:::media/site/*"],
              "Principal": {"Service": "cloudfront.amazonaws.com"},
              "Condition": {"StringEquals": {"AWS:SourceArn": ["arn:aws:cloudfront::111122223333:distribution/E1"]}}
            },
            {
              "Sid": "NobodyWithoutTls",
              "Effect": "Deny",
              "Action": ["s3:*"],
              "Resource": ["arn:aws:s3:::media", "arn:aws:s3:::media/*"],
              "Principal": {"AWS": "*"},
              "Condition": {"Bool": {"aws:SecureTransport": ["false"]}}
            }
          ]
        }
        """,
        BucketAccess.Bucket(Bucket, Distribution));

    [Fact]
    public void Sign_playlist_reads_playlists_manifests_and_statuses_and_reads_and_writes_revocations_and_nothing_else() => AssertJson(
        """
        {
          "Version": "2012-10-17",
          "Statement": [
            {"Sid": "ReadPlaylists", "Effect": "Allow", "Action": ["s3:GetObject"], "Resource": ["arn:aws:s3:::media/videos/*.m3u8"]},
            {
              "Sid": "ReadDownloads",
              "Effect": "Allow",
              "Action": ["s3:GetObject"],
              "Resource": ["arn:aws:s3:::media/videos/*/manifest.json", "arn:aws:s3:::media/status/*.json"]
            },
            {"Sid": "Revoke", "Effect": "Allow", "Action": ["s3:GetObject", "s3:PutObject"], "Resource": ["arn:aws:s3:::media/revocations/*"]}
          ]
        }
        """,
        BucketAccess.SignPlaylist(Bucket));

    [Fact]
    public void Ingest_video_works_under_its_own_prefixes_lists_them_and_reads_revocations() => AssertJson(
        """
        {
          "Version": "2012-10-17",
          "Statement": [
            {
              "Sid": "ReadWriteDelete",
              "Effect": "Allow",
              "Action": ["s3:GetObject", "s3:PutObject", "s3:DeleteObject", "s3:ListMultipartUploadParts", "s3:AbortMultipartUpload"],
              "Resource": [
                "arn:aws:s3:::media/videos/*", "arn:aws:s3:::media/downloads/*", "arn:aws:s3:::media/status/*", "arn:aws:s3:::media/listing/*",
                "arn:aws:s3:::media/uploads/*", "arn:aws:s3:::media/callbacks/*", "arn:aws:s3:::media/work/*"
              ]
            },
            {"Sid": "ReadRevocations", "Effect": "Allow", "Action": ["s3:GetObject"], "Resource": ["arn:aws:s3:::media/revocations/*"]},
            {"Sid": "MarkRevocations", "Effect": "Allow", "Action": ["s3:PutObject"], "Resource": ["arn:aws:s3:::media/revocations/latest.json"]},
            {
              "Sid": "List",
              "Effect": "Allow",
              "Action": ["s3:ListBucket"],
              "Resource": ["arn:aws:s3:::media"],
              "Condition": {"StringLike": {"s3:prefix": ["videos/*", "downloads/*", "status/*", "listing/*", "uploads/*", "callbacks/*", "work/*"]}}
            }
          ]
        }
        """,
        BucketAccess.IngestVideo(Bucket));

    [Fact]
    public void A_role_trusts_one_service_account_of_one_cluster() => AssertJson(
        """
        {
          "Version": "2012-10-17",
          "Statement": [
            {
              "Sid": "ServiceAccount",
              "Effect": "Allow",
              "Action": ["sts:AssumeRoleWithWebIdentity"],
              "Principal": {"Federated": "arn:aws:iam::111122223333:oidc-provider/oidc.eks.eu-central-1.amazonaws.com/id/EXAMPLE"},
              "Condition": {
                "StringEquals": {
                  "oidc.eks.eu-central-1.amazonaws.com/id/EXAMPLE:aud": ["sts.amazonaws.com"],
                  "oidc.eks.eu-central-1.amazonaws.com/id/EXAMPLE:sub": ["system:serviceaccount:openfaas-fn:ingest-video"]
                }
              }
            }
          ]
        }
        """,
        BucketAccess.Trust(new("arn:aws:iam::111122223333:oidc-provider/oidc.eks.eu-central-1.amazonaws.com/id/EXAMPLE", "openfaas-fn"), "ingest-video"));

    [Fact]
    public void No_statement_that_allows_uses_a_wildcard_for_an_action_or_reaches_a_whole_bucket()
    {
        var documents = new[] { BucketAccess.Bucket(Bucket, Distribution), BucketAccess.SignPlaylist(Bucket), BucketAccess.IngestVideo(Bucket) };
        foreach (var statement in documents.SelectMany(document => document.Statement).Where(statement => statement.Effect == Effect.Allow))
        {
            Assert.DoesNotContain(statement.Action, action => action.Contains('*', StringComparison.Ordinal));
            Assert.DoesNotContain(statement.Resource!.Value, resource => resource == $"{Bucket}/*" || resource == "*");
        }
    }

    [Fact]
    public void Only_sign_playlist_writes_revocations_and_viewers_see_nothing_internal()
    {
        Assert.DoesNotContain("revocations", BucketAccess.Bucket(Bucket, Distribution).ToJson(), StringComparison.Ordinal);
        // ingest-video may write the mark that shows whether revocations can be read, and no revocation.
        var written = BucketAccess.IngestVideo(Bucket).Statement
            .Where(statement => statement.Action.Contains("s3:PutObject"))
            .SelectMany(statement => statement.Resource!.Value);
        Assert.Equal([$"{Bucket}/revocations/latest.json"], written.Where(resource => resource.Contains("revocations", StringComparison.Ordinal)));
        Assert.All(
            ["status/", "uploads/", "callbacks/", "work/"],
            prefix => Assert.DoesNotContain(prefix, BucketAccess.Bucket(Bucket, Distribution).ToJson(), StringComparison.Ordinal));
    }

    [Fact]
    public void A_document_is_the_same_text_every_time() =>
        Assert.Equal(BucketAccess.Bucket(Bucket, Distribution).ToJson(), BucketAccess.Bucket(Bucket, Distribution).ToJson());

    private static void AssertJson(string expected, PolicyDocument document) =>
        Assert.True(JsonElement.DeepEquals(JsonElement.Parse(expected), JsonElement.Parse(document.ToJson())), document.ToJson());
}
