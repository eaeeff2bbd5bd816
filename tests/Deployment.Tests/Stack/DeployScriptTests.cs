using System.Runtime.Versioning;
using System.Security.Cryptography;
using CliWrap;
using CliWrap.Buffered;
using Reelseal.Infra;

namespace Deployment.Tests.Stack;

/// <summary>
/// Runs infra/deploy.sh with stand-ins for pulumi, faas-cli and docker that print what the real ones print, exit as they do and record how they were
/// called.
/// </summary>
[UnsupportedOSPlatform("windows")]
public sealed class DeployScriptTests : IDisposable
{
    // What else the script needs; nothing else of this machine's PATH is visible to it.
    private static readonly string[] s_tools =
        ["bash", "cat", "cp", "cut", "date", "dirname", "env", "git", "grep", "mktemp", "mv", "openssl", "rm", "sed", "tr", "wc"];
    private static readonly string[] s_bins = ["/usr/bin", "/bin"];

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("reelseal-deploy-");
    private readonly ECDsa _key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
    private readonly Dictionary<string, string> _environment = new(StringComparer.Ordinal);

    public DeployScriptTests()
    {
        foreach (var tool in s_tools)
            File.CreateSymbolicLink(Place(tool), s_bins.Select(folder => Path.Combine(folder, tool)).First(File.Exists));
        Tool("dotnet", "");
        Tool("docker", """if [ -e "$HERE/stopped" ] && [ "$1" = info ]; then exit 1; fi""");
        Tool("make", "echo 0.2.0-alpha.0.7");
        // As the CLI does: its own words on standard error, exit code 255, and the outputs exist only after `up`.
        Tool("pulumi", """
            if [ "$1" = version ]; then cat "$HERE/version" 2>/dev/null || echo v3.200.0; exit; fi
            if [ -e "$HERE/pulumi.error" ]; then cat "$HERE/pulumi.error" >&2; exit 255; fi
            case "$*" in
              *"config get $(cat "$HERE/unset" 2>/dev/null || echo nothing)"*)
                echo "error: configuration key '$6' not found for stack 'production'" >&2; exit 255 ;;
              *"config get reelseal:originSecret"*) if [ -e "$HERE/passphrase.error" ]; then cat "$HERE/passphrase.error" >&2; exit 255; fi; echo value ;;
              *"config get --path reelseal:publicKeys[0]"*) cat "$HERE/public.pem" ;;
              *"config get reelseal:publicKeys"*) echo '["(a list)"]' ;;
              *"config get"*) echo value ;;
              *"stack output --shell"*) cat "$HERE/outputs" 2>/dev/null ;;
              *"stack output reelseal-"*) if [ -e "$HERE/passphrase.error" ]; then cat "$HERE/passphrase.error" >&2; exit 255; fi; echo "value of $6" ;;
              *" up"*) "$HERE/plan" >"$HERE/outputs" ;;
            esac
            exit 0
            """);
        // faas-cli 0.18: a refused `secret create` prints the refusal and exits with 0.
        Tool("faas-cli", """
            case "$*" in
              "secret list")
                if [ -e "$HERE/locked" ]; then cat "$HERE/locked"; exit 1; fi
                if [ -s "$HERE/cluster" ]; then printf '\nNAME\n'; cat "$HERE/cluster"; echo; else echo "No secrets found."; fi ;;
              "secret create"*)
                echo "Creating secret: $3."
                if [ "$3" = "$(cat "$HERE/refused" 2>/dev/null)" ]; then cat >/dev/null; cat "$HERE/refusal"; exit 0; fi
                if grep -qx "$3" "$HERE/cluster" 2>/dev/null; then echo "Secret $3 already exists, updating..."; echo "Updated: 202 Accepted"
                else echo "$3" >>"$HERE/cluster"; echo "Created: 202 Accepted"; fi
                printf '%s=' "$3" >>"$HERE/created"; cat >>"$HERE/created" ;;
              "secret remove"*)
                if [ -e "$HERE/stuck" ]; then echo "server returned unexpected status code: 500"; exit 1; fi
                grep -vx "$3" "$HERE/cluster" >"$HERE/rest"; mv "$HERE/rest" "$HERE/cluster"; echo "Removed.. OK." ;;
              up*) env | grep -E '^(S3_BUCKET|AWS_REGION|CLOUDFRONT_URL|KEY_PAIR_ID|REGISTRY|TAG|VERSION|DEPLOYED)=' >"$HERE/environment" ;;
            esac
            exit 0
            """);
        // What the program would put out for the configuration of now.
        Tool("plan", """
            printf '%s\n' "AWS_REGION=eu-central-1" "CLOUDFRONT_URL=https://d1.cloudfront.net" "KEY_PAIR_ID=K1" "S3_BUCKET='my bucket'"
            for name in aws-ingest-video aws-sign-playlist origin-secret origin-secret-previous; do echo "reelseal-$name='[secret]'"; done
            echo "signingKeyFingerprint=$(openssl pkey -pubin -in "$HERE/public.pem" -outform DER | openssl dgst -sha256 -r | cut -c1-12)"
            """);
        WriteKeyPair(_key);
        File.WriteAllText(Place("token.key"), new string('t', 32));
        _environment["OPENFAAS_URL"] = "http://127.0.0.1:1";
        _environment["REGISTRY"] = "registry.example.com/me";
        _environment["SIGNING_KEY"] = Place("private.pem");
        _environment["TOKEN_KEY"] = Place("token.key");
        _environment["TAG"] = "v1";
        _environment["PULUMI_SKIP_CONFIRMATIONS"] = "true";
    }

    [Fact(Timeout = 60_000)]
    public async Task Standard_gets_the_labels_that_community_refuses_by_function()
    {
        _environment["EDITION"] = "standard";
        _environment["SIGN_SERVICE_ACCOUNT"] = "sign-playlist";
        _environment["INGEST_SERVICE_ACCOUNT"] = "ingest-video";
        _environment["MAX_TRANSCODES"] = "3";

        var (code, output) = await RunAsync();

        Assert.True(code == 0, output);
        Assert.Equal(
            [
                "faas-cli up --yaml stack.yml --filter sign-playlist --annotation com.openfaas.serviceaccount=sign-playlist "
                    + "--label com.openfaas.scale.type=rps --label com.openfaas.scale.target=500",
                "faas-cli up --yaml stack.yml --filter ingest-video --annotation com.openfaas.serviceaccount=ingest-video "
                    + "--label com.openfaas.scale.type=capacity --label com.openfaas.scale.target=3",
            ],
            await UpsAsync());
    }

    [Fact(Timeout = 60_000)]
    public async Task Platforms_are_what_the_images_are_published_for()
    {
        _environment["PLATFORMS"] = "linux/amd64,linux/arm64";
        var (code, output) = await RunAsync();
        Assert.True(code == 0, output);
        Assert.Equal(["faas-cli up --yaml stack.yml --publish --platforms linux/amd64,linux/arm64"], await UpsAsync());
    }

    [Fact(Timeout = 60_000)]
    public async Task An_edition_that_does_not_exist_is_refused()
    {
        _environment["EDITION"] = "pro";
        var (code, output) = await RunAsync();
        Assert.Equal(1, code);
        Assert.Contains("EDITION is pro", output, StringComparison.Ordinal);
        Assert.Empty(await UpsAsync());
    }

    [Fact(Timeout = 60_000)]
    public async Task It_runs_pulumi_then_puts_the_secrets_then_runs_faas_cli()
    {
        var (code, output) = await RunAsync();

        Assert.True(code == 0, output);
        var calls = (await File.ReadAllLinesAsync(Place("calls"), TestContext.Current.CancellationToken)).ToList();
        var up = calls.FindIndex(call => call == "pulumi --cwd infra up");
        var secret = calls.FindIndex(call => call.StartsWith("faas-cli secret create", StringComparison.Ordinal));
        var deploy = calls.FindIndex(call => call.TrimEnd() == "faas-cli up --yaml stack.yml");
        Assert.True(up >= 0 && up < secret && secret < deploy, string.Join('\n', calls));
        var created = await File.ReadAllTextAsync(Place("created"), TestContext.Current.CancellationToken);
        Assert.Contains("reelseal-aws-ingest-video=value of reelseal-aws-ingest-video\n", created, StringComparison.Ordinal);
        Assert.Contains("reelseal-origin-secret=value of reelseal-origin-secret\n", created, StringComparison.Ordinal);
        Assert.Contains("reelseal-signing-key=-----BEGIN EC PRIVATE KEY-----", created, StringComparison.Ordinal);
        Assert.Contains("reelseal-token-key=" + new string('t', 32), created, StringComparison.Ordinal);
        var environment = await File.ReadAllTextAsync(Place("environment"), TestContext.Current.CancellationToken);
        Assert.All(
            [
                "S3_BUCKET=my bucket", "AWS_REGION=eu-central-1", "CLOUDFRONT_URL=https://d1.cloudfront.net", "KEY_PAIR_ID=K1",
                "REGISTRY=registry.example.com/me", "TAG=v1", "VERSION=0.2.0-alpha.0.7",
            ],
            line => Assert.Contains(line + "\n", environment, StringComparison.Ordinal));
        // Without a new value at each deployment the functions would not restart, and go on with the secrets that they read when they started.
        Assert.Matches(@"(?m)^DEPLOYED=\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$", environment);
    }

    [Fact(Timeout = 60_000)]
    public async Task A_docker_without_its_daemon_is_said_before_anything_is_changed()
    {
        await File.WriteAllTextAsync(Place("stopped"), "", TestContext.Current.CancellationToken);
        await AssertRefusedAsync("docker is installed, but its daemon does not answer");
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
    public async Task Keys_that_were_given_once_need_not_be_given_again()
    {
        await DeployAsync();
        _environment.Remove("SIGNING_KEY");
        _environment.Remove("TOKEN_KEY");
        File.Delete(Place("created"));

        await DeployAsync();

        Assert.DoesNotContain("signing-key", await CreatedAsync(), StringComparison.Ordinal);
        Assert.DoesNotContain("token-key", await CreatedAsync(), StringComparison.Ordinal);
    }

    [Theory(Timeout = 60_000)]
    [InlineData("reelseal-signing-key", "server returned unexpected status code: 403 - secrets \"reelseal-signing-key\" is forbidden")]
    [InlineData("reelseal-aws-ingest-video", "unauthorized access, run \"faas-cli login\" to setup authentication for this server")]
    [InlineData("reelseal-token-key-given", "cannot connect to OpenFaaS on URL: http://127.0.0.1:1")]
    [InlineData("reelseal-origin-secret", "server returned unexpected status code: 409 - Created or Updated: by another user")]
    public async Task A_secret_that_the_gateway_refuses_ends_the_deployment_although_faas_cli_exits_with_0(string name, string refusal)
    {
        await File.WriteAllTextAsync(Place("refused"), name, TestContext.Current.CancellationToken);
        await File.WriteAllTextAsync(Place("refusal"), refusal + "\n", TestContext.Current.CancellationToken);

        var (code, output) = await RunAsync();

        Assert.Equal(1, code);
        Assert.Contains($"the cluster did not take the secret {name}: ", output, StringComparison.Ordinal);
        Assert.Contains(refusal, output, StringComparison.Ordinal);
        Assert.False(File.Exists(Place("environment")));
    }

    [Fact(Timeout = 60_000)]
    public async Task After_a_refused_signing_key_the_next_run_asks_for_it_again()
    {
        await DeployAsync();
        using var next = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        WriteKeyPair(next);
        await File.WriteAllTextAsync(Place("refused"), "reelseal-signing-key", TestContext.Current.CancellationToken);
        await File.WriteAllTextAsync(
            Place("refusal"), "server returned unexpected status code: 500 - etcdserver: request timed out\n", TestContext.Current.CancellationToken);
        Assert.Equal(1, (await RunAsync()).Code);
        File.Delete(Place("refused"));
        File.Delete(Place("environment"));
        _environment.Remove("SIGNING_KEY");

        foreach (var step in (string[])["check", "secrets", "functions"])
        {
            var (code, output) = await RunAsync(step);
            Assert.Equal(1, code);
            Assert.Contains("SIGNING_KEY is not set, and the cluster's signing key is not known to be the private half", output, StringComparison.Ordinal);
        }
        Assert.False(File.Exists(Place("environment")));
    }

    [Fact(Timeout = 60_000)]
    public async Task An_old_mark_that_cannot_be_removed_ends_the_deployment_before_the_key_is_changed()
    {
        await DeployAsync();
        using var next = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        WriteKeyPair(next);
        Forget();
        await File.WriteAllTextAsync(Place("stuck"), "", TestContext.Current.CancellationToken);

        var (code, output) = await RunAsync();

        Assert.Equal(1, code);
        Assert.Contains("the cluster did not remove the secret reelseal-signing-key-is-", output, StringComparison.Ordinal);
        Assert.DoesNotContain("reelseal-signing-key=", await CreatedAsync(), StringComparison.Ordinal);
        Assert.False(File.Exists(Place("environment")));
    }

    [Fact(Timeout = 60_000)]
    public async Task Functions_need_the_key_in_the_cluster_and_not_only_at_hand()
    {
        await DeployAsync();
        using var next = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        WriteKeyPair(next);
        Assert.Equal(0, (await RunAsync("infra")).Code);
        Forget();

        var (code, output) = await RunAsync("functions");

        Assert.Equal(1, code);
        Assert.Contains(
            "the cluster does not have the private half of the first of reelseal:publicKeys yet: run make deploy STEP=secrets first",
            output, StringComparison.Ordinal);
        Assert.False(File.Exists(Place("environment")));
    }

    [Fact(Timeout = 60_000)]
    public async Task Functions_need_the_token_key_in_the_cluster_and_not_only_at_hand()
    {
        _environment.Remove("TOKEN_KEY");
        _environment["TOKEN_ISSUER"] = "https://issuer.example";
        await DeployAsync();
        Forget();
        _environment.Remove("TOKEN_ISSUER");
        _environment["TOKEN_KEY"] = Place("token.key");

        var (code, output) = await RunAsync("functions");

        Assert.Equal(1, code);
        Assert.Contains("the cluster's secret reelseal-token-key is a placeholder", output, StringComparison.Ordinal);
        Assert.False(File.Exists(Place("environment")));
    }

    [Fact(Timeout = 60_000)]
    public async Task A_mark_without_its_key_counts_for_nothing()
    {
        await DeployAsync();
        var cluster = await File.ReadAllLinesAsync(Place("cluster"), TestContext.Current.CancellationToken);
        await File.WriteAllLinesAsync(Place("cluster"), cluster.Where(name => name != "reelseal-token-key"), TestContext.Current.CancellationToken);
        Forget();

        var (code, output) = await RunAsync("functions");

        Assert.Equal(1, code);
        Assert.Contains("the cluster has no secret reelseal-token-key yet", output, StringComparison.Ordinal);
        Assert.False(File.Exists(Place("environment")));
    }

    [Fact(Timeout = 60_000)]
    public async Task Not_logged_in_at_the_gateway_is_said_before_anything_is_changed()
    {
        const string refusal = "unauthorized access, run \"faas-cli login\" to setup authentication for this server";
        await File.WriteAllTextAsync(Place("locked"), refusal + "\n", TestContext.Current.CancellationToken);
        await AssertRefusedAsync($"faas-cli cannot list the secrets at http://127.0.0.1:1 (faas-cli login?): {refusal}");
    }

    [Fact(Timeout = 60_000)]
    public async Task Another_first_public_key_without_its_private_key_is_refused_before_anything_is_changed()
    {
        await DeployAsync();
        using var next = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        WriteKeyPair(next);
        _environment.Remove("SIGNING_KEY");
        Forget();
        await AssertRefusedAsync(
            "SIGNING_KEY is not set, and the cluster's signing key is not known to be the private half of the first of reelseal:publicKeys");

        // Infrastructure first, functions later: the new id still does not reach the functions without its key.
        Assert.Equal(0, (await RunAsync("infra")).Code);
        Assert.Equal(1, (await RunAsync("functions")).Code);
        Assert.False(File.Exists(Place("environment")));

        _environment["SIGNING_KEY"] = Place("private.pem");
        await DeployAsync();
        var cluster = await File.ReadAllLinesAsync(Place("cluster"), TestContext.Current.CancellationToken);
        Assert.Single(cluster, name => name.StartsWith("reelseal-signing-key-is-", StringComparison.Ordinal));
    }

    [Fact(Timeout = 60_000)]
    public async Task A_placeholder_does_not_pass_for_a_token_key_once_the_issuer_is_dropped()
    {
        _environment.Remove("TOKEN_KEY");
        _environment["TOKEN_ISSUER"] = "https://login.example.com";
        await DeployAsync();
        Assert.Contains("reelseal-token-key=", await CreatedAsync(), StringComparison.Ordinal);
        _environment.Remove("TOKEN_ISSUER");
        Forget();

        await AssertRefusedAsync("neither TOKEN_KEY nor TOKEN_ISSUER is set, and the cluster's secret reelseal-token-key is a placeholder");
        Assert.Equal(1, (await RunAsync("functions")).Code);
        Assert.False(File.Exists(Place("environment")));
    }

    [Fact(Timeout = 60_000)]
    public async Task A_placeholder_does_not_pass_for_a_callback_key_once_there_are_callbacks()
    {
        await DeployAsync();
        _environment["CALLBACK_HOSTS"] = "app.example.com";
        Forget();
        await AssertRefusedAsync("CALLBACK_HOSTS is set, but CALLBACK_KEY is not, and the cluster's secret reelseal-callback-key is a placeholder");

        _environment["CALLBACK_KEY"] = Place("token.key");
        await DeployAsync();
        _environment.Remove("CALLBACK_KEY");
        await DeployAsync();
    }

    [Theory(Timeout = 60_000)]
    [InlineData("TOKEN_KEY")]
    [InlineData("CALLBACK_KEY")]
    public async Task A_key_of_fewer_than_32_characters_is_refused_before_anything_is_changed(string name)
    {
        await File.WriteAllTextAsync(Place("short.key"), $"  {new string('k', 31)}\n", TestContext.Current.CancellationToken);
        _environment[name] = Place("short.key");
        await AssertRefusedAsync($"{name} holds fewer than 32 characters");
    }

    [Fact(Timeout = 60_000)]
    public async Task An_encrypted_or_broken_private_key_is_refused_without_a_prompt()
    {
        await File.WriteAllTextAsync(
            Place("private.pem"),
            _key.ExportEncryptedPkcs8PrivateKeyPem("secret", new PbeParameters(PbeEncryptionAlgorithm.Aes256Cbc, HashAlgorithmName.SHA256, 1000)),
            TestContext.Current.CancellationToken);
        await AssertRefusedAsync("which is not an unencrypted private key in PEM");

        var (code, output) = await RunOnTerminalAsync("check");

        Assert.Equal(1, code);
        Assert.Contains("which is not an unencrypted private key in PEM", output, StringComparison.Ordinal);
        Assert.DoesNotContain("pass phrase", output, StringComparison.Ordinal);
    }

    [Theory(Timeout = 60_000)]
    [InlineData("secrets")]
    [InlineData("functions")]
    public async Task A_step_that_needs_the_outputs_fails_before_any_pulumi_up(string step)
    {
        var (code, output) = await RunAsync(step);

        Assert.Equal(1, code);
        Assert.Contains("the stack has no output AWS_REGION yet: run make deploy STEP=infra first", output, StringComparison.Ordinal);
        Assert.False(File.Exists(Place("created")));
        Assert.False(File.Exists(Place("environment")));
    }

    [Fact(Timeout = 60_000)]
    public async Task Functions_are_not_deployed_before_their_secrets()
    {
        Assert.Equal(0, (await RunAsync("infra")).Code);

        var (code, output) = await RunAsync("functions");

        Assert.Equal(1, code);
        Assert.Contains("the cluster has no secret reelseal-aws-ingest-video yet: run make deploy STEP=secrets first", output, StringComparison.Ordinal);
    }

    [Theory(Timeout = 60_000)]
    [InlineData("error: PULUMI_ACCESS_TOKEN must be set for login during non-interactive CLI sessions", "Pulumi is not logged in: run pulumi login")]
    [InlineData("error: no stack selected; please use `pulumi stack select` to choose one", "no Pulumi stack: cd infra && pulumi stack init production")]
    [InlineData("error: no stack named 'production' found", "no Pulumi stack: cd infra && pulumi stack init production")]
    [InlineData("error: could not read the bucket: AccessDenied", "Pulumi failed: error: could not read the bucket: AccessDenied")]
    public async Task Complaints_of_pulumi_become_sentences_of_their_own(string complaint, string message)
    {
        await File.WriteAllTextAsync(Place("pulumi.error"), complaint + "\n", TestContext.Current.CancellationToken);
        await AssertRefusedAsync(message);
    }

    [Theory(Timeout = 60_000)]
    [InlineData("error: passphrase must be set with PULUMI_CONFIG_PASSPHRASE or PULUMI_CONFIG_PASSPHRASE_FILE environment variables")]
    [InlineData("error: failed to decrypt: incorrect passphrase, please set PULUMI_CONFIG_PASSPHRASE to the correct passphrase")]
    public async Task A_stack_under_a_passphrase_asks_for_it_by_name_and_never_by_an_invisible_prompt(string complaint)
    {
        await File.WriteAllTextAsync(Place("passphrase.error"), complaint + "\n", TestContext.Current.CancellationToken);
        await AssertRefusedAsync("the stack's secrets need their passphrase: set PULUMI_CONFIG_PASSPHRASE or PULUMI_CONFIG_PASSPHRASE_FILE");
        var calls = await File.ReadAllLinesAsync(Place("calls"), TestContext.Current.CancellationToken);
        Assert.All(
            calls.Where(call => call.StartsWith("pulumi --cwd", StringComparison.Ordinal)),
            call => Assert.Contains("--non-interactive", call, StringComparison.Ordinal));
    }

    [Theory(Timeout = 60_000)]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("false")]
    [InlineData("0")]
    public async Task Without_a_terminal_confirmation_must_be_given_beforehand(string? given)
    {
        if (given is null)
            _environment.Remove("PULUMI_SKIP_CONFIRMATIONS");
        else
            _environment["PULUMI_SKIP_CONFIRMATIONS"] = given;
        await AssertRefusedAsync("pulumi up asks for confirmation and there is no terminal: set PULUMI_SKIP_CONFIRMATIONS=true");
    }

    [Theory(Timeout = 60_000)]
    [InlineData(null, 0)]
    [InlineData("true", 1)]
    public async Task On_a_terminal_a_person_confirms_but_not_in_CI(string? ci, int expected)
    {
        _environment.Remove("PULUMI_SKIP_CONFIRMATIONS");
        if (ci is not null)
            _environment["CI"] = ci;

        var (code, output) = await RunOnTerminalAsync("infra");

        Assert.True(code == expected, output);
        Assert.Equal(expected == 1, output.Contains("pulumi up asks for confirmation and there is no terminal", StringComparison.Ordinal));
    }

    [Theory(Timeout = 60_000)]
    [InlineData("v3.187.0", 1)]
    [InlineData("v2.300.1", 1)]
    [InlineData("v3.188.0", 0)]
    [InlineData("v4.0.0", 0)]
    [InlineData("v3.258.0-alpha.x1b2c3", 0)]
    public async Task A_pulumi_older_than_3_188_is_refused(string version, int expected)
    {
        await File.WriteAllTextAsync(Place("version"), version + "\n", TestContext.Current.CancellationToken);

        var (code, output) = await RunAsync("infra");

        Assert.Equal(expected, code);
        Assert.Equal(expected == 1, output.Contains($"Pulumi is {version}, and 3.188 or later is needed", StringComparison.Ordinal));
    }

    [Fact]
    public void Its_lists_are_those_of_the_infrastructure()
    {
        Assert.Equal(StackOutputs.Settings.ToList(), Listed("settings"));
        Assert.Equal(StackOutputs.Secrets.ToList(), Listed("infra_secrets"));
        Assert.Equal(StackOutputs.OperatorSecrets.ToList(), Listed("operator_secrets"));
        Assert.Contains(StackOutputs.SigningKeyFingerprint, Repository.Read("infra/deploy.sh"), StringComparison.Ordinal);

        static IEnumerable<string> Listed(string name) => Repository.Read("infra/deploy.sh").Split('\n')
            .Single(line => line.StartsWith($"{name}=\"", StringComparison.Ordinal))[(name.Length + 2)..^1].Split(' ');
    }

    [Fact(Timeout = 60_000)]
    public async Task An_unset_configuration_is_named_before_anything_is_changed()
    {
        await File.WriteAllTextAsync(Place("unset"), "reelseal:gateway", TestContext.Current.CancellationToken);
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
        var calls = File.Exists(Place("calls")) ? await File.ReadAllTextAsync(Place("calls"), TestContext.Current.CancellationToken) : "";
        Assert.DoesNotContain("pulumi --cwd infra up", calls, StringComparison.Ordinal);
        Assert.DoesNotContain("secret remove", calls, StringComparison.Ordinal);
    }

    private async Task DeployAsync()
    {
        var (code, output) = await RunAsync();
        Assert.True(code == 0, output);
    }

    private Task<string> CreatedAsync() => File.ReadAllTextAsync(Place("created"), TestContext.Current.CancellationToken);

    /// <summary>Forgets what was recorded so far; the cluster and the stack stay as they are.</summary>
    private void Forget()
    {
        foreach (var record in (string[])["calls", "created", "environment"])
            File.Delete(Place(record));
    }

    private void WriteKeyPair(ECDsa key)
    {
        File.WriteAllText(Place("public.pem"), key.ExportSubjectPublicKeyInfoPem() + "\n");
        File.WriteAllText(Place("private.pem"), key.ExportECPrivateKeyPem());
    }

    private string Place(string name) => Path.Combine(_folder.FullName, name);

    private void Tool(string name, string script)
    {
        File.Delete(Place(name));
        File.WriteAllText(Place(name), $"#!/usr/bin/env bash\nHERE={_folder.FullName}\necho \"{name} $*\" >>\"$HERE/calls\"\n{script}\n");
        File.SetUnixFileMode(Place(name), UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
    }

    private async Task<IEnumerable<string>> UpsAsync() =>
        (File.Exists(Place("calls")) ? await File.ReadAllLinesAsync(Place("calls"), TestContext.Current.CancellationToken) : [])
            .Where(call => call.StartsWith("faas-cli up", StringComparison.Ordinal)).Select(call => call.TrimEnd());

    private Task<(int Code, string Output)> RunAsync(params string[] steps) => RunAsync("/bin/bash", [Repository.PathOf("infra/deploy.sh"), .. steps]);

    /// <summary>Runs it as a person does, on a terminal; nobody types anything.</summary>
    private Task<(int Code, string Output)> RunOnTerminalAsync(string step)
    {
        const string script = "/usr/bin/script";
        Assert.SkipUnless(File.Exists(script), $"{script} is not installed (package bsdutils), so there is no terminal to run it on.");
        return RunAsync(script, ["--quiet", "--return", "--command", $"/bin/bash {Repository.PathOf("infra/deploy.sh")} {step}", "/dev/null"]);
    }

    private async Task<(int Code, string Output)> RunAsync(string program, string[] arguments)
    {
        // Nothing of the tests' own environment.
        var environment = Environment.GetEnvironmentVariables().Keys.Cast<string>().ToDictionary(name => name, _ => (string?)null, StringComparer.Ordinal);
        foreach (var (name, value) in _environment.Append(new("PATH", _folder.FullName)))
            environment[name] = value;
        var result = await Cli.Wrap(program).WithArguments(arguments).WithEnvironmentVariables(environment)
            .WithValidation(CommandResultValidation.None).ExecuteBufferedAsync(TestContext.Current.CancellationToken);
        return (result.ExitCode, result.StandardOutput + result.StandardError);
    }
}
