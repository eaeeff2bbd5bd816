using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Deployment.Tests.Stack;

namespace Deployment.Tests.Template;

/// <summary>What faas-cli would hand to a container engine, built with the Dockerfile's own command, and run as the image would.</summary>
public sealed class BuildContextTests
{
    [Fact(Timeout = 1_200_000)]
    public async Task The_build_context_publishes_to_a_program_that_starts_answers_and_stops_gracefully()
    {
        var cancellationToken = TestContext.Current.CancellationToken;
        var folder = Directory.CreateTempSubdirectory("reelseal-build-context-");
        try
        {
            var (context, output) = (Path.Combine(folder.FullName, "sign-playlist"), Path.Combine(folder.FullName, "out"));
            BuildContext.Create(StackFile.AsWritten["sign-playlist"], StackFile.AsWritten.CopiedPaths, context);
            BuildContext.Ignore(context);
            await PublishAsync(context, output);

            using var issuer = new SlowIssuer();
            var secrets = Directory.CreateDirectory(Path.Combine(folder.FullName, "secrets"));
            using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
            await File.WriteAllTextAsync(Path.Combine(secrets.FullName, "reelseal-signing-key"), key.ExportECPrivateKeyPem(), cancellationToken);
            await File.WriteAllTextAsync(Path.Combine(secrets.FullName, "reelseal-origin-secret"), new string('o', 32), cancellationToken);
            // As stack.yml and the image would set it, but for the port, the store, and the issuer of tokens.
            var environment = StackFile.WithDefaults["sign-playlist"].Map("environment")
                .SetItems(Dockerfile.OfTemplate.Environment)
                .SetItem("ASPNETCORE_URLS", "http://127.0.0.1:0")
                .SetItem("healthcheck_interval", "1s")
                .Remove("S3_BUCKET")
                .SetItem("STORE_DIRECTORY", Directory.CreateDirectory(Path.Combine(folder.FullName, "store")).FullName)
                .SetItem("SECRETS_DIRECTORY", secrets.FullName)
                .SetItem("CLOUDFRONT_URL", "https://d111111abcdef8.cloudfront.net")
                .SetItem("KEY_PAIR_ID", "K2JCJMDEHXQW5F")
                .SetItem("TOKEN_ISSUER", issuer.Address)
                .SetItem("TOKEN_ISSUER_TIMEOUT", "20s");
            await using var function = FunctionProcess.Start(Path.Combine(output, "Root"), [], [.. environment.Select(setting => (setting.Key, setting.Value))]);
            using var client = new HttpClient { BaseAddress = await function.Listening.WaitAsync(cancellationToken) };

            Assert.Equal(HttpStatusCode.OK, (await client.GetAsync("/_/ready", cancellationToken)).StatusCode);
            using (var answer = await client.GetAsync("/", cancellationToken))
            {
                Assert.Equal(HttpStatusCode.NotFound, answer.StatusCode);
                Assert.Equal("application/problem+json", answer.Content.Headers.ContentType?.MediaType);
            }

            // A request waits for the issuer's keys while the signal comes, and gets its answer all the same.
            using var request = new HttpRequestMessage(HttpMethod.Get, "/videos/0b9f5a0e-6f0b-4b43-9d2e-3f8b1c5a7e21") { Headers = { { "Authorization", "Bearer a.b.c" } } };
            var inFlight = client.SendAsync(request, cancellationToken);
            await issuer.Asked.WaitAsync(cancellationToken);
            function.Terminate();
            // Longer than healthcheck_interval: Kestrel has closed its door, and only this request keeps the process.
            await Task.Delay(TimeSpan.FromSeconds(4), cancellationToken);
            issuer.Answer();
            Assert.Equal(HttpStatusCode.Unauthorized, (await inFlight).StatusCode);
            Assert.Equal(0, await function.ExitAsync(cancellationToken));
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    [Theory]
    [InlineData("sign-playlist")]
    [InlineData("ingest-video")]
    public void The_build_context_holds_the_function_its_shared_code_and_the_props_above_both_and_no_build_output(string name)
    {
        var folder = Directory.CreateTempSubdirectory("reelseal-build-context-");
        try
        {
            BuildContext.Create(StackFile.AsWritten[name], StackFile.AsWritten.CopiedPaths, folder.FullName);
            BuildContext.Ignore(folder.FullName);

            Assert.All(
                ["Dockerfile", "Root.csproj", "function/Handler.cs", "function/Directory.Build.props", "function/Directory.Packages.props", "function/functions/shared/Shared.csproj"],
                file => Assert.True(File.Exists(Path.Combine(folder.FullName, file)), file));
            Assert.Single(Directory.EnumerateFiles(Path.Combine(folder.FullName, "function"), "*.csproj"));
            Assert.DoesNotContain(Directory.EnumerateDirectories(folder.FullName, "*", SearchOption.AllDirectories), path => Path.GetFileName(path) is "bin" or "obj");
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    [Theory]
    [InlineData("sign-playlist")]
    [InlineData("ingest-video")]
    public void No_folder_of_a_handler_has_a_name_that_faas_cli_passes_over(string name) => Assert.DoesNotContain(
        Directory.EnumerateDirectories(Repository.PathOf(StackFile.AsWritten[name].Handler)),
        path => Path.GetFileName(path) is "build" or "template");

    /// <summary>Runs the Dockerfile's RUN for the build stage, with the output folder in place of the image's.</summary>
    private static async Task PublishAsync(string context, string output)
    {
        var command = Assert.Single(Dockerfile.OfTemplate.All("RUN"), run => run.StartsWith("dotnet publish ", StringComparison.Ordinal));
        Assert.EndsWith(" --output /out", command, StringComparison.Ordinal);
        await Build.DotnetAsync(
            context,
            [.. command.Split(' ')[1..^1], output],
            ("DOTNET_RUNNING_IN_CONTAINER", "true"));
    }

    /// <summary>An OpenID issuer that takes its time.</summary>
    private sealed class SlowIssuer : IDisposable
    {
        private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
        private readonly TaskCompletionSource _asked = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private readonly TaskCompletionSource _answer = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public SlowIssuer()
        {
            _listener.Start();
            Address = $"http://127.0.0.1:{((IPEndPoint)_listener.LocalEndpoint).Port}";
            _ = ServeAsync();
        }

        public string Address { get; }

        public Task Asked => _asked.Task;

        public void Answer() => _answer.TrySetResult();

        public void Dispose() => _listener.Dispose();

        private async Task ServeAsync()
        {
            try
            {
                while (true)
                {
                    using var connection = await _listener.AcceptTcpClientAsync();
                    var stream = connection.GetStream();
                    var request = await ReadHeadAsync(stream);
                    _asked.TrySetResult();
                    await _answer.Task;
                    var body = request.Contains("openid-configuration", StringComparison.Ordinal)
                        ? JsonSerializer.Serialize(new Dictionary<string, string>(StringComparer.Ordinal) { ["issuer"] = Address, ["jwks_uri"] = $"{Address}/keys" })
                        : """{"keys":[]}""";
                    await stream.WriteAsync(Encoding.ASCII.GetBytes($"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {body.Length}\r\nConnection: close\r\n\r\n{body}"));
                }
            }
            catch (Exception e) when (e is SocketException or ObjectDisposedException or IOException)
            {
                // The test is over, or the function gave up waiting.
                _asked.TrySetException(e);
            }
        }

        private static async Task<string> ReadHeadAsync(NetworkStream stream)
        {
            var (head, buffer) = (new StringBuilder(), new byte[1024]);
            while (!head.ToString().Contains("\r\n\r\n", StringComparison.Ordinal) && await stream.ReadAsync(buffer) is > 0 and var count)
                head.Append(Encoding.ASCII.GetString(buffer, 0, count));
            return head.ToString();
        }
    }
}
