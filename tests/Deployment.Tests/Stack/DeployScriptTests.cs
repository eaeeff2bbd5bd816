using System.Diagnostics;
using System.Runtime.Versioning;
using System.Security.Cryptography;

namespace Deployment.Tests.Stack;

/// <summary>infra/deploy.sh, with stand-ins for pulumi, faas-cli and docker that write down how they were called.</summary>
[UnsupportedOSPlatform("windows")]
public sealed class DeployScriptTests : IDisposable
{
    // What the script needs besides, and nothing else of this machine's PATH.
    private static readonly string[] s_tools = ["bash", "cat", "date", "dirname", "env", "git", "grep", "openssl", "sed", "tr", "wc"];
    private static readonly string[] s_bins = ["/usr/bin", "/bin"];

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("reelseal-deploy-");
    private readonly ECDsa _key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
    private readonly Dictionary<string, string> _environment = new(StringComparer.Ordinal);

    public DeployScriptTests()
    {
        foreach (var tool in s_tools)
            File.CreateSymbolicLink(Place(tool), s_bins.Select(folder => Path.Combine(folder, tool)).First(File.Exists));
        Tool("dotnet", "");
        Tool("docker", "");
        Tool("pulumi", """
            case "$*" in
              *"config get --path reelseal:publicKeys[0]"*) cat "$HERE/public.pem" ;;
              *"config get"*) echo value ;;
              *"stack output --shell"*) printf '%s\n' "AWS_REGION=eu-central-1" "CLOUDFRONT_URL=https://d1.cloudfront.net" "KEY_PAIR_ID=K1" "S3_BUCKET='my bucket'" "reelseal-aws-ingest-video='[secret]'" "reelseal-origin-secret='[secret]'" ;;
              *"stack output reelseal-"*) echo "value of $5" ;;
            esac
            """);
        Tool("faas-cli", """
            case "$*" in
              "secret list") printf 'NAME\n'; cat "$HERE/cluster" 2>/dev/null ;;
              "secret create"*) printf '%s=' "$3" >>"$HERE/created"; cat >>"$HERE/created" ;;
              up*) env | grep -E '^(S3_BUCKET|AWS_REGION|CLOUDFRONT_URL|KEY_PAIR_ID|REGISTRY|TAG)=' >"$HERE/environment" ;;
            esac
            exit 0
            """);
        File.WriteAllText(Place("public.pem"), _key.ExportSubjectPublicKeyInfoPem());
        File.WriteAllText(Place("private.pem"), _key.ExportECPrivateKeyPem());
        File.WriteAllText(Place("token.key"), new string('t', 32));
        _environment["OPENFAAS_URL"] = "http://127.0.0.1:1";
        _environment["REGISTRY"] = "registry.example.com/me";
        _environment["SIGNING_KEY"] = Place("private.pem");
        _environment["TOKEN_KEY"] = Place("token.key");
        _environment["TAG"] = "v1";
    }

    [Fact(Timeout = 60_000)]
    public async Task It_runs_pulumi_then_puts_the_secrets_then_runs_faas_cli()
    {
        var (code, output) = await RunAsync();

        Assert.True(code == 0, output);
        var calls = (await File.ReadAllLinesAsync(Place("calls"), TestContext.Current.CancellationToken)).ToList();
        var (up, secret, deploy) = (calls.FindIndex(call => call == "pulumi --cwd infra up"), calls.FindIndex(call => call.StartsWith("faas-cli secret create", StringComparison.Ordinal)), calls.FindIndex(call => call == "faas-cli up --yaml stack.yml"));
        Assert.True(up >= 0 && up < secret && secret < deploy, string.Join('\n', calls));
        var created = await File.ReadAllTextAsync(Place("created"), TestContext.Current.CancellationToken);
        Assert.Contains("reelseal-aws-ingest-video=value of reelseal-aws-ingest-video\n", created, StringComparison.Ordinal);
        Assert.Contains("reelseal-origin-secret=value of reelseal-origin-secret\n", created, StringComparison.Ordinal);
        Assert.Contains("reelseal-signing-key=-----BEGIN EC PRIVATE KEY-----", created, StringComparison.Ordinal);
        Assert.Contains("reelseal-token-key=" + new string('t', 32), created, StringComparison.Ordinal);
        var environment = await File.ReadAllTextAsync(Place("environment"), TestContext.Current.CancellationToken);
        Assert.All(["S3_BUCKET=my bucket", "AWS_REGION=eu-central-1", "CLOUDFRONT_URL=https://d1.cloudfront.net", "KEY_PAIR_ID=K1", "REGISTRY=registry.example.com/me", "TAG=v1"], line => Assert.Contains(line + "\n", environment, StringComparison.Ordinal));
    }

    [Fact(Timeout = 60_000)]
    public async Task No_secret_is_an_argument_or_on_the_screen()
    {
        var (_, output) = await RunAsync();

        var calls = await File.ReadAllTextAsync(Place("calls"), TestContext.Current.CancellationToken);
        Assert.All(["value of", "BEGIN", new string('t', 32)], secret => Assert.DoesNotContain(secret, calls + output, StringComparison.Ordinal));
    }

    [Theory(Timeout = 60_000)]
    [InlineData("pulumi")]
    [InlineData("dotnet")]
    [InlineData("faas-cli")]
    [InlineData("docker")]
    public async Task A_missing_tool_is_named_before_anything_is_changed(string tool)
    {
        File.Delete(Place(tool));
        await AssertRefusedAsync($"deploy: {tool} is missing: https://");
    }

    [Theory(Timeout = 60_000)]
    [InlineData("OPENFAAS_URL", "OPENFAAS_URL is not set")]
    [InlineData("REGISTRY", "REGISTRY is not set")]
    [InlineData("SIGNING_KEY", "SIGNING_KEY is not set, and the cluster has no secret")]
    [InlineData("TOKEN_KEY", "neither TOKEN_KEY nor TOKEN_ISSUER is set")]
    public async Task A_missing_input_is_named_before_anything_is_changed(string name, string message)
    {
        _environment.Remove(name);
        await AssertRefusedAsync(message);
    }

    [Fact(Timeout = 60_000)]
    public async Task A_private_key_that_does_not_fit_the_public_one_is_refused()
    {
        using var other = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        await File.WriteAllTextAsync(Place("private.pem"), other.ExportECPrivateKeyPem(), TestContext.Current.CancellationToken);
        await AssertRefusedAsync("SIGNING_KEY is not the private half of the first of reelseal:publicKeys");
    }

    [Fact(Timeout = 60_000)]
    public async Task Secrets_that_the_cluster_has_need_not_be_given_again()
    {
        _environment.Remove("SIGNING_KEY");
        _environment.Remove("TOKEN_KEY");
        await File.WriteAllTextAsync(Place("cluster"), "reelseal-signing-key\nreelseal-token-key  \n", TestContext.Current.CancellationToken);

        var (code, output) = await RunAsync();

        Assert.True(code == 0, output);
        Assert.DoesNotContain("signing-key", await File.ReadAllTextAsync(Place("created"), TestContext.Current.CancellationToken), StringComparison.Ordinal);
    }

    [Fact(Timeout = 60_000)]
    public async Task An_unset_configuration_is_named_before_anything_is_changed()
    {
        Tool("pulumi", """
            case "$*" in
              *"config get reelseal:gateway"*) exit 255 ;;
              *"config get"*) echo value ;;
            esac
            """);
        await AssertRefusedAsync("reelseal:gateway is not set");
    }

    public void Dispose()
    {
        _key.Dispose();
        _folder.Delete(recursive: true);
    }

    private async Task AssertRefusedAsync(string message)
    {
        var (code, output) = await RunAsync();

        Assert.Equal(1, code);
        Assert.Contains(message, output, StringComparison.Ordinal);
        Assert.False(File.Exists(Place("created")));
        Assert.DoesNotContain("pulumi --cwd infra up", File.Exists(Place("calls")) ? await File.ReadAllTextAsync(Place("calls"), TestContext.Current.CancellationToken) : "", StringComparison.Ordinal);
    }

    private string Place(string name) => Path.Combine(_folder.FullName, name);

    private void Tool(string name, string script)
    {
        File.Delete(Place(name));
        File.WriteAllText(Place(name), $"#!/usr/bin/env bash\nHERE={_folder.FullName}\necho \"{name} $*\" >>\"$HERE/calls\"\n{script}\n");
        File.SetUnixFileMode(Place(name), UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
    }

    private async Task<(int Code, string Output)> RunAsync()
    {
        var start = new ProcessStartInfo("/bin/bash", [Repository.PathOf("infra/deploy.sh")]) { UseShellExecute = false, RedirectStandardOutput = true, RedirectStandardError = true };
        start.Environment.Clear();
        foreach (var (name, value) in _environment)
            start.Environment[name] = value;
        start.Environment["PATH"] = _folder.FullName;
        using var process = Process.Start(start)!;
        var (output, errors) = (process.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken), process.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken));
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);
        return (process.ExitCode, await output + await errors);
    }
}
