using System.Collections.Immutable;
using Reelseal.Infra;

namespace Deployment.Tests.Stack;

public sealed class StackFileTests
{
    // The fields of faas-cli 0.18's schema (go-sdk, stack/schema.go). It ignores unknown fields silently.
    private static readonly ImmutableSortedSet<string> s_keys = ["configuration", "functions", "provider", "version"];
    private static readonly ImmutableSortedSet<string> s_providerKeys = ["gateway", "name"];
    private static readonly ImmutableSortedSet<string> s_configurationKeys = ["copy", "templates"];
    private static readonly ImmutableSortedSet<string> s_resourceKeys = ["cpu", "memory"];
    private static readonly ImmutableSortedSet<string> s_functionKeys =
    [
        "annotations", "build_args", "build_options", "build_secrets", "constraints", "environment", "environment_file", "fprocess", "handler", "image",
        "labels", "lang", "limits", "namespace", "platforms", "readonly_root_filesystem", "requests", "secrets", "skip_build",
    ];

    /// <summary>Set in stack.yml for others than the functions' own code: of-watchdog, the .NET runtime, and the AWS SDK's search for credentials.</summary>
    private static readonly ImmutableSortedSet<string> s_othersSettings =
    [
        "AWS_SHARED_CREDENTIALS_FILE", "DOTNET_SYSTEM_NET_SOCKETS_INLINE_COMPLETIONS",
        "exec_timeout", "healthcheck_interval", "max_inflight", "read_timeout", "write_timeout",
    ];

    public static TheoryData<string> Functions => [.. StackFile.AsWritten.Functions.Select(function => function.Name)];

    [Fact]
    public void Every_key_is_one_that_faas_cli_knows()
    {
        Assert.Empty(StackFile.AsWritten.Keys.Except(s_keys, StringComparer.Ordinal));
        Assert.Empty(StackFile.AsWritten.ProviderKeys.Except(s_providerKeys, StringComparer.Ordinal));
        Assert.Empty(StackFile.AsWritten.ConfigurationKeys.Except(s_configurationKeys, StringComparer.Ordinal));
        foreach (var function in StackFile.AsWritten.Functions)
        {
            Assert.Empty(function.Keys.Except(s_functionKeys, StringComparer.Ordinal));
            Assert.Empty(function.Map("limits").Keys.Concat(function.Map("requests").Keys).Except(s_resourceKeys, StringComparer.Ordinal));
        }
    }

    [Fact]
    public void Both_functions_are_there_and_built_with_the_template_of_this_repository()
    {
        Assert.Equal("sign-playlist ingest-video", string.Join(' ', StackFile.AsWritten.Functions.Select(function => function.Name)));
        Assert.All(StackFile.AsWritten.Functions, function =>
        {
            Assert.True(Directory.Exists(Repository.PathOf($"template/{function.Lang}")), function.Lang);
            Assert.True(File.Exists(Repository.PathOf($"{function.Handler}/Handler.cs")), function.Handler);
        });
    }

    [Fact]
    public void Every_path_that_is_copied_into_the_build_context_exists() => Assert.All(
        StackFile.AsWritten.CopiedPaths,
        path => Assert.True(Path.Exists(Repository.PathOf(path)), path));

    [Fact]
    public void Every_dollar_belongs_to_a_variable_in_braces() => Assert.Equal(StackFile.Dollars, StackFile.Variables);

    [Fact]
    public void A_value_with_a_variable_is_quoted_because_a_star_or_a_colon_in_it_would_be_read_as_yaml() => Assert.All(
        Repository.Read("stack.yml").Split('\n').Where(line => line.Contains('$', StringComparison.Ordinal)),
        line => Assert.Matches("""^ *[^ "]+: ".*"$""", line));

    [Theory]
    [MemberData(nameof(Functions))]
    public void A_function_is_given_exactly_the_settings_that_it_reads(string name)
    {
        var function = StackFile.AsWritten[name];
        var given = function.Map("environment").Keys.Except(s_othersSettings, StringComparer.Ordinal);

        Assert.Equal(string.Join('\n', FunctionSettings.ValuesOf(function.Handler)), string.Join('\n', given.Order(StringComparer.Ordinal)));
    }

    [Theory]
    [MemberData(nameof(Functions))]
    public void A_function_is_given_exactly_the_secrets_that_it_reads_and_its_own_credentials(string name)
    {
        var function = StackFile.AsWritten[name];
        var credentials = $"reelseal-aws-{name}";

        Assert.Equal($"/var/openfaas/secrets/{credentials}", function.Map("environment")["AWS_SHARED_CREDENTIALS_FILE"]);
        Assert.Equal(
            string.Join('\n', FunctionSettings.SecretsOf(function.Handler).Add(credentials)),
            string.Join('\n', function.Secrets.Order(StringComparer.Ordinal)));
    }

    [Fact]
    public void The_settings_without_a_default_are_exactly_the_outputs_of_the_infrastructure() => Assert.Equal(
        string.Join('\n', StackOutputs.Settings),
        string.Join('\n', StackFile.RequiredVariables.Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal)));

    [Fact]
    public void A_setting_of_the_infrastructure_goes_by_the_name_of_its_variable() => Assert.All(
        StackFile.AsWritten.Functions.SelectMany(function => function.Map("environment")).Where(setting => StackOutputs.Settings.Contains(setting.Key)),
        setting => Assert.Equal($"${{{setting.Key}}}", setting.Value));

    [Fact]
    public void Every_secret_comes_from_the_infrastructure_or_from_the_operator() => Assert.Equal(
        string.Join('\n', StackOutputs.Secrets.Union(StackOutputs.OperatorSecrets)),
        string.Join('\n',
            StackFile.AsWritten.Functions.SelectMany(function => function.Secrets).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal)));

    [Fact]
    public void The_private_key_is_not_a_secret_of_the_infrastructure() => Assert.DoesNotContain("reelseal-signing-key", StackOutputs.Secrets);

    [Fact]
    public void A_function_runs_read_only_within_limits() => Assert.All(StackFile.WithDefaults.Functions, function =>
    {
        Assert.Equal("true", function.Text("readonly_root_filesystem"));
        Assert.Matches("^[0-9]+m$", function.Map("limits")["cpu"]);
        Assert.Matches("^[0-9]+(Mi|Gi)$", function.Map("limits")["memory"]);
        Assert.NotEmpty(function.Map("requests"));
    });

    [Fact]
    public void Community_takes_it_as_it_stands() => Assert.All(StackFile.WithDefaults.Functions, function =>
    {
        // faas-netes, pkg/handlers/validate.go and deploy.go: anything else that begins like this is refused, or known to Standard only.
        var labels = function.Map("labels").Where(label => label.Key.StartsWith("com.openfaas.", StringComparison.Ordinal)).ToList();
        Assert.All(labels, label => Assert.Contains(label.Key, (string[])["com.openfaas.scale.min", "com.openfaas.scale.max"]));
        Assert.All(labels, label => Assert.InRange(int.Parse(label.Value, System.Globalization.CultureInfo.InvariantCulture), 1, 5));
        var annotations = function.Map("annotations").Keys;
        Assert.All(
            ["com.openfaas.", "amazonaws.com", "gke.io"],
            refused => Assert.DoesNotContain(annotations, name => name.Contains(refused, StringComparison.Ordinal)));
        Assert.Empty(function.Keys.Intersect(["constraints", "namespace"], StringComparer.Ordinal));
    });

    [Fact]
    public void An_upload_and_its_transcode_may_take_hours_in_every_timeout_of_the_watchdog()
    {
        var environment = StackFile.WithDefaults["ingest-video"].Map("environment");
        Assert.All(["read_timeout", "write_timeout", "exec_timeout"], name => Assert.Matches("^[0-9]+h$", environment[name]));
    }

    [Fact]
    public void A_build_option_is_one_that_the_template_offers()
    {
        var template = Repository.Read("template/csharp-httprequest/template.yml");
        Assert.Equal(["ffmpeg"], StackFile.AsWritten["ingest-video"].BuildOptions);
        Assert.Contains("- name: ffmpeg", template, StringComparison.Ordinal);
    }
}
