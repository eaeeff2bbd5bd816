using System.Collections.Concurrent;
using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json;

namespace Deployment.Tests.Template;

/// <summary>What a container would run. Publishing takes about a minute, so one program serves all tests.</summary>
public sealed class PublishedFunctionTests(PublishedFunction published) : IClassFixture<PublishedFunction>
{
    private const string Video = "0b9f5a0e-6f0b-4b43-9d2e-3f8b1c5a7e21";

    [Fact(Timeout = 120_000)]
    public async Task It_starts_answers_and_stops_gracefully_with_a_request_in_flight()
    {
        var cancellationToken = TestContext.Current.CancellationToken;
        var asked = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var answer = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var address = "";
        // Trimming must have left what reads a certificate and verifies another algorithm than the tests' usual ones.
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP384);
        var request = new CertificateRequest("CN=issuer", key, HashAlgorithmName.SHA384);
        using var certificate = request.CreateSelfSigned(DateTimeOffset.UnixEpoch, DateTimeOffset.UtcNow.AddDays(1));
        var keys = $$"""{"keys":[{"kty":"EC","kid":"k","use":"sig","alg":"ES384","x5c":["{{Convert.ToBase64String(certificate.RawData)}}"]}]}""";
        var fetches = 0;
        using var issuer = new WireServer(async asking =>
        {
            if (Interlocked.Increment(ref fetches) == 1)
                return ("application/json", "{"); // the function's own check at start, which does not keep it from running
            asked.TrySetResult();
            await answer.Task;
            return ("application/json", asking.Contains("openid-configuration", StringComparison.Ordinal)
                ? $$"""{"issuer":"{{address}}","jwks_uri":"{{address}}/keys"}"""
                : keys);
        });
        address = issuer.Address;
        await using var function = published.Start(
            ("S3_BUCKET", ""), ("STORE_DIRECTORY", Directory.CreateDirectory(published.PathOf("store")).FullName),
            ("TOKEN_ISSUER", address), ("TOKEN_ISSUER_TIMEOUT", "20s"));
        using var client = new HttpClient { BaseAddress = await function.Listening.WaitAsync(cancellationToken) };

        using (var ready = await client.GetAsync("/_/ready", cancellationToken))
            Assert.Equal(HttpStatusCode.OK, ready.StatusCode);
        using (var root = await client.GetAsync("/", cancellationToken))
        {
            Assert.Equal(HttpStatusCode.NotFound, root.StatusCode);
            Assert.Equal("application/problem+json", root.Content.Headers.ContentType?.MediaType);
        }

        // A request waits for the issuer's keys while the signal comes, and gets its answer all the same.
        var payload = JsonSerializer.SerializeToUtf8Bytes(new { iss = address, aud = "reelseal", scp = (IEnumerable<string>)["video:play"], exp = 4102444800 });
        var signed = $"{Base64Url("""{"alg":"ES384","kid":"k"}"""u8)}.{Base64Url(payload)}";
        client.DefaultRequestHeaders.Authorization = new(
            "Bearer", $"{signed}.{Base64Url(key.SignData(Encoding.ASCII.GetBytes(signed), HashAlgorithmName.SHA384))}");
        var inFlight = client.GetAsync($"/videos/{Video}", cancellationToken);
        while (await Task.WhenAny(inFlight, asked.Task) != asked.Task)
        {
            using (var tooSoon = await inFlight)
                Assert.Equal(HttpStatusCode.BadGateway, tooSoon.StatusCode); // right after a failed fetch there is no other
            await Task.Delay(TimeSpan.FromMilliseconds(100), cancellationToken);
            inFlight = client.GetAsync($"/videos/{Video}", cancellationToken);
        }
        function.Terminate();
        // Longer than healthcheck_interval: the door is closed by now, and only this request keeps the process.
        await Task.Delay(TimeSpan.FromSeconds(4), cancellationToken);
        answer.SetResult();
        using var response = await inFlight;
        Assert.Equal(HttpStatusCode.NotFound, response.StatusCode); // the token is good, but there is no such video
        Assert.Equal(0, await function.ExitAsync(cancellationToken));
    }

    [Fact(Timeout = 120_000)]
    public async Task With_a_role_in_its_credentials_file_it_asks_for_the_roles_credentials_and_reads_with_them()
    {
        var cancellationToken = TestContext.Current.CancellationToken;
        var requests = new ConcurrentQueue<string>();
        using var aws = new WireServer(request =>
        {
            requests.Enqueue(request);
            return Task.FromResult(
                request.Contains("Action=AssumeRoleWithWebIdentity", StringComparison.Ordinal)
                    ? ("text/xml", RoleCredentials)
                    : ("application/vnd.apple.mpegurl", "#EXTM3U\n"));
        });
        await File.WriteAllTextAsync(published.PathOf("service-account-token"), "the-service-accounts-token", cancellationToken);
        await File.WriteAllTextAsync(
            published.PathOf("credentials"),
            $"[default]\nrole_arn = arn:aws:iam::111122223333:role/sign-playlist\nweb_identity_token_file = {published.PathOf("service-account-token")}\n",
            cancellationToken);
        await using var function = published.Start(
            ("S3_BUCKET", "media"), ("AWS_REGION", "eu-central-1"), ("S3_ENDPOINT", aws.Address), ("S3_TIMEOUT", "30s"),
            ("AWS_ENDPOINT_URL_STS", aws.Address), ("AWS_SHARED_CREDENTIALS_FILE", published.PathOf("credentials")));
        using var client = new HttpClient { BaseAddress = await function.Listening.WaitAsync(cancellationToken) };
        client.DefaultRequestHeaders.Authorization = new("Bearer", Token());

        using var playlist = await client.GetAsync($"/videos/{Video}/multivariant.m3u8", cancellationToken);

        Assert.True(playlist.StatusCode == HttpStatusCode.OK, $"{playlist.StatusCode}\n{string.Join('\n', function.Log)}");
        var assumed = Assert.Single(requests, request => request.Contains("AssumeRoleWithWebIdentity", StringComparison.Ordinal));
        Assert.Contains("WebIdentityToken=the-service-accounts-token", assumed, StringComparison.Ordinal);
        Assert.Contains(
            requests,
            request => request.StartsWith($"GET /media/videos/{Video}/multivariant.m3u8", StringComparison.Ordinal)
                && request.Contains("Credential=ASIAROLE/", StringComparison.Ordinal));
    }

    [Fact(Timeout = 120_000)]
    public async Task A_token_of_16_KiB_passes_in_the_header_and_in_the_query()
    {
        var cancellationToken = TestContext.Current.CancellationToken;
        var store = Directory.CreateDirectory(published.PathOf("store-of-long-tokens"));
        await using var function = published.Start(("S3_BUCKET", ""), ("STORE_DIRECTORY", store.FullName));
        using var client = new HttpClient { BaseAddress = await function.Listening.WaitAsync(cancellationToken) };
        var token = Token(new string('x', 12_000));
        Assert.InRange(token.Length, 16_000, 16_384);

        using (var query = await client.GetAsync($"/videos/{Video}?token={token}", cancellationToken))
            Assert.Equal(HttpStatusCode.NotFound, query.StatusCode);
        client.DefaultRequestHeaders.Authorization = new("Bearer", token);
        using (var header = await client.GetAsync($"/videos/{Video}", cancellationToken))
            Assert.Equal(HttpStatusCode.NotFound, header.StatusCode);
        client.DefaultRequestHeaders.Authorization = new("Bearer", token[..^1] + (token[^1] == 'A' ? 'Q' : 'A'));
        using (var forged = await client.GetAsync($"/videos/{Video}", cancellationToken))
            Assert.Equal(HttpStatusCode.Unauthorized, forged.StatusCode);
    }

    private const string RoleCredentials = """
        <AssumeRoleWithWebIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/">
          <AssumeRoleWithWebIdentityResult>
            <Credentials>
              <AccessKeyId>ASIAROLE</AccessKeyId><SecretAccessKey>secret</SecretAccessKey>
              <SessionToken>session</SessionToken><Expiration>2099-01-01T00:00:00Z</Expiration>
            </Credentials>
            <AssumedRoleUser><Arn>arn:aws:sts::111122223333:assumed-role/sign-playlist/a</Arn><AssumedRoleId>AROAEXAMPLE:a</AssumedRoleId></AssumedRoleUser>
          </AssumeRoleWithWebIdentityResult>
          <ResponseMetadata><RequestId>r</RequestId></ResponseMetadata>
        </AssumeRoleWithWebIdentityResponse>
        """;

    private static string Token(string groups = "")
    {
        var now = DateTimeOffset.UtcNow.ToUnixTimeSeconds();
        var payload = JsonSerializer.SerializeToUtf8Bytes(
            new { aud = "reelseal", scope = "video:play", video = Video, nbf = now - 60, exp = now + 600, groups });
        var signed = $"{Base64Url("""{"alg":"HS256","typ":"JWT"}"""u8)}.{Base64Url(payload)}";
        return $"{signed}.{Base64Url(HMACSHA256.HashData(Encoding.ASCII.GetBytes(PublishedFunction.TokenKey), Encoding.ASCII.GetBytes(signed)))}";
    }

    private static string Base64Url(ReadOnlySpan<byte> bytes) => System.Buffers.Text.Base64Url.EncodeToString(bytes);
}
