using System.Text.RegularExpressions;
using YamlDotNet.RepresentationModel;

namespace Deployment.Tests.Stack;

/// <summary>compose.yaml deploys what stack.yml deploys: the same images with the same settings, secrets and memory.</summary>
public sealed partial class ComposeFileTests
{
    private static readonly YamlMappingNode s_root = Load();

    public static TheoryData<string> Functions => [.. StackFile.AsWritten.Functions.Select(function => function.Name)];

    [Theory]
    [MemberData(nameof(Functions))]
    public void A_function_has_the_image_and_the_settings_of_stack_yml(string name)
    {
        var (service, function) = (Service(name), StackFile.AsWritten[name]);
        var settings = StackFile.Map(service, "environment")
            .Select(setting => $"{StackFile.Text(setting.Key)}={Required().Replace(StackFile.Text(setting.Value), "${$1}")}");

        Assert.Equal(function.Text("image"), StackFile.Text(service["image"]));
        Assert.Equal(
            string.Join('\n', function.Map("environment").Select(setting => $"{setting.Key}={setting.Value}")),
            string.Join('\n', settings.Order(StringComparer.Ordinal)));
        var limits = StackFile.Map(StackFile.Map(StackFile.Map(service, "deploy"), "resources"), "limits");
        Assert.Equal(function.Map("limits")["memory"] + "B", StackFile.Text(limits["memory"]));
    }

    [Theory]
    [MemberData(nameof(Functions))]
    public void A_function_has_the_secrets_of_stack_yml_where_it_looks_for_them(string name)
    {
        var secrets = ((YamlSequenceNode)Service(name)["secrets"]).Cast<YamlMappingNode>().ToList();

        Assert.Equal(
            StackFile.AsWritten[name].Secrets.Order(StringComparer.Ordinal),
            secrets.Select(secret => StackFile.Text(secret["source"])).Order(StringComparer.Ordinal));
        Assert.All(secrets, secret => Assert.Equal("/var/openfaas/secrets/" + StackFile.Text(secret["source"]), StackFile.Text(secret["target"])));
    }

    [Fact]
    public void Every_secret_is_a_file_of_its_name() => Assert.Equal(
        StackFile.AsWritten.Functions.SelectMany(function => function.Secrets).Distinct(StringComparer.Ordinal)
            .Select(name => $"{name}: ${{SECRETS:-./secrets}}/{name}").Order(StringComparer.Ordinal),
        StackFile.Map(s_root, "secrets")
            .Select(secret => $"{StackFile.Text(secret.Key)}: {StackFile.Text(((YamlMappingNode)secret.Value)["file"])}").Order(StringComparer.Ordinal));

    [Fact]
    public void A_setting_without_a_default_stops_compose_with_a_reason() => Assert.DoesNotMatch(@"\$\{[A-Z0-9_]+\}", Repository.Read("compose.yaml"));

    [Theory]
    [MemberData(nameof(Functions))]
    public void A_function_runs_read_only_and_without_privileges(string name)
    {
        var shared = (YamlMappingNode)Service(name)["<<"]; // YAML's merge, which this reader leaves to us
        Assert.Equal("true", StackFile.Text(shared["read_only"]));
        Assert.Equal(["ALL"], StackFile.Texts(shared, "cap_drop"));
        Assert.Equal(["no-new-privileges:true"], StackFile.Texts(shared, "security_opt"));
        Assert.False(Service(name).Children.ContainsKey("ports"), "Only the gateway is reached from outside.");
    }

    [Fact]
    public void The_gateway_has_an_exact_version_and_the_configuration_of_this_repository()
    {
        Assert.Matches(@"^caddy:\$\{CADDY_TAG:-[0-9]+\.[0-9]+\.[0-9]+-alpine\}$", StackFile.Text(Service("gateway")["image"]));
        var file = StackFile.Texts(Service("gateway"), "volumes").Select(volume => volume.Split(':')).Single(volume => volume[1] == "/etc/caddy/Caddyfile");
        Assert.True(File.Exists(Repository.PathOf(file[0])), file[0]);
        Assert.Equal("ro", file[2]);
    }

    private static YamlMappingNode Service(string name) => StackFile.Map(StackFile.Map(s_root, "services"), name);

    private static YamlMappingNode Load()
    {
        var stream = new YamlStream();
        stream.Load(new StringReader(Repository.Read("compose.yaml")));
        return (YamlMappingNode)stream.Documents[0].RootNode;
    }

    [GeneratedRegex(@"\$\{(?<name>[A-Z0-9_]+):\?[^}]*\}", RegexOptions.None, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Required();
}
