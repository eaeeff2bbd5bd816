using System.Security.Cryptography;
using System.Text.Json;
using System.Text.RegularExpressions;
using Reelseal.Infra;

namespace Deployment.Tests.Infra;

public sealed class DeploymentSettingsTests
{
    private const string Secret = "0123456789abcdef0123456789abcdef";
    private static readonly string s_key = NewKey();

    private readonly Dictionary<string, string> _values = new(StringComparer.Ordinal)
    {
        ["gateway"] = "https://functions.example.com",
        ["publicKeys"] = JsonSerializer.Serialize(new[] { s_key }),
        ["originSecret"] = Secret,
    };

    private string _stack = "production";

    [Fact]
    public void Three_settings_are_enough_and_the_rest_is_on_the_safe_side()
    {
        var settings = Read();

        Assert.Equal("functions.example.com", settings.Gateway.Host);
        Assert.Single(settings.PublicKeys);
        Assert.True(settings.Production);
        Assert.Equal("PriceClass_100", settings.PriceClass);
        Assert.Null(settings.Domain);
        Assert.Null(settings.Cluster);
        Assert.Empty(settings.AllowedOrigins);
    }

    [Fact]
    public void With_nothing_set_one_error_names_all_three()
    {
        _values.Clear();
        Assert.Equal(
            "reelseal:gateway is not set. reelseal:publicKeys is not set. reelseal:originSecret is not set.",
            string.Join(' ', Errors()));
    }

    [Theory]
    [InlineData("gateway", "http://functions.example.com", "is not an https address")]
    [InlineData("gateway", "functions.example.com", "is not an https address")]
    [InlineData("gateway", "https://user:password@functions.example.com", "is not an https address")]
    [InlineData("gateway", "https://functions.example.com/?a=b", "is not an https address")]
    [InlineData("gateway", "https://functions.example.com/#a", "is not an https address")]
    [InlineData("gateway", "https://203.0.113.7", "connects to neither a bare IP address nor a name without a dot")]
    [InlineData("gateway", "https://[2001:db8::7]:8443", "connects to neither a bare IP address nor a name without a dot")]
    [InlineData("gateway", "https://3405803783", "connects to neither a bare IP address nor a name without a dot")]
    [InlineData("gateway", "https://gateway", "connects to neither a bare IP address nor a name without a dot")]
    [InlineData("gateway", "https://functions.example.com:444", "has the port 444")]
    [InlineData("gateway", "https://functions.example.com:1023", "has the port 1023")]
    [InlineData("publicKeys", "[\"K2JCJMDEHXQW5F\"]", "publicKeys[0] is not PEM")]
    [InlineData("publicKeys", "[7]", "publicKeys is not a list of strings")]
    [InlineData("publicKeys", "[", "publicKeys is not a list of strings")]
    [InlineData("originSecret", "short", "at least 32")]
    [InlineData("originSecret", "0123456789abcdef0123456789abcde\u00e9", "at least 32 printable")]
    [InlineData("originSecretPrevious", "short", "originSecretPrevious is not a secret")]
    [InlineData("originSecretPrevious", Secret, "is the same as originSecret")]
    [InlineData("production", "yes", "neither true nor false")]
    [InlineData("priceClass", "PriceClass_300", "none of PriceClass_100, PriceClass_200, PriceClass_All")]
    [InlineData("domain", "media.example.com", "certificateArn is not set")]
    [InlineData("certificateArn", "arn:aws:acm:us-east-1:111122223333:certificate/a", "domain is not set")]
    [InlineData("allowedOrigins", "[\"app.example.com\"]", "allowedOrigins is \"app.example.com\"")]
    [InlineData("allowedOrigins", "[\"https://app.example.com/player\"]", "is more than an origin")]
    [InlineData("frameAncestors", "*", "frameAncestors is \"*\"")]
    [InlineData("frameAncestors", "[\"http://app.example.com\"]", "is not an https address")]
    [InlineData("frameAncestors", "[\"https://app.example.com; script-src *\"]", "frameAncestors is")]
    [InlineData("accessKeys", "[\"a\",\"b\",\"c\"]", "a user has at most 2")]
    [InlineData("accessKeys", "[\"a\",\"a\"]", "lists a name twice")]
    [InlineData("accessKeys", "[\"a b\"]", "not 1 to 32 letters, digits and hyphens")]
    [InlineData("logBucket", "logs", "not a bucket's domain name")]
    [InlineData("oidcProviderArn", "https://oidc.example.com", "not the ARN of an OIDC provider")]
    public void A_malformed_setting_is_one_clear_error(string name, string value, string expected)
    {
        _values[name] = value;
        Assert.Contains(expected, Assert.Single(Errors()), StringComparison.Ordinal);
    }

    [Fact]
    public void A_certificate_outside_us_east_1_is_refused()
    {
        _values["domain"] = "media.example.com";
        _values["certificateArn"] = "arn:aws:acm:eu-central-1:111122223333:certificate/a";
        Assert.Contains("us-east-1", Assert.Single(Errors()), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("https://functions.example.com", 443)]
    [InlineData("https://functions.example.com:80", 80)]
    [InlineData("https://functions.example.com:1024/openfaas", 1024)]
    public void A_gateway_may_have_every_port_that_cloudfront_connects_to(string gateway, int port) =>
        Assert.Equal(port, Read("gateway", gateway).Gateway.Port);

    [Theory]
    [InlineData("prod.eu", "no dot")]
    [InlineData("prod eu", "letters, digits, hyphens and underscores only")]
    [InlineData("a-name-that-goes-on-for-longer-than-a-function-of-cloudfront", "CloudFront takes 59")]
    public void A_stack_whose_name_cloudfront_would_refuse_is_refused_with_the_reason(string stack, string expected)
    {
        _stack = stack;
        Assert.Contains(expected, Assert.Single(Errors()), StringComparison.Ordinal);
    }

    [Fact]
    public void Names_that_are_global_to_the_account_start_with_project_and_stack() => Assert.Equal("reelseal-production", Read().Prefix);

    [Fact]
    public void The_same_key_in_another_form_counts_as_listed_twice()
    {
        _values["publicKeys"] = JsonSerializer.Serialize(new[] { s_key, s_key.ReplaceLineEndings("\r\n") });
        Assert.Equal("reelseal:publicKeys[1] is listed twice.", Assert.Single(Errors()));
    }

    [Fact]
    public void Six_keys_are_more_than_a_key_group_holds()
    {
        _values["publicKeys"] = JsonSerializer.Serialize(Enumerable.Range(0, 6).Select(_ => NewKey()));
        Assert.Contains("at most 5", Assert.Single(Errors()), StringComparison.Ordinal);
    }

    [Fact]
    public void An_error_never_repeats_a_secret_or_a_key()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        _values["originSecret"] = "my secret with spaces, long enough to be one";
        _values["publicKeys"] = JsonSerializer.Serialize(new[] { key.ExportECPrivateKeyPem() });

        var message = string.Concat(Errors());

        Assert.DoesNotContain("my secret", message, StringComparison.Ordinal);
        Assert.DoesNotContain("BEGIN", message, StringComparison.Ordinal);
    }

    [Fact]
    public void One_key_alone_needs_no_list()
    {
        _values["publicKeys"] = s_key;
        Assert.Single(Read().PublicKeys);
    }

    [Fact]
    public void An_origin_is_kept_without_path() =>
        Assert.Equal(["https://app.example.com:8443"], (Read("allowedOrigins", "[\"https://app.example.com:8443/\"]")).AllowedOrigins);

    [Fact]
    public void The_example_configuration_names_every_setting_and_no_other()
    {
        var read = new SortedSet<string>(StringComparer.Ordinal);
        DeploymentSettings.Read(
            name =>
            {
                read.Add(name);
                return _values.GetValueOrDefault(name);
            },
            "reelseal",
            _stack);
        // Read only where the other of the two is set, too.
        read.UnionWith(["namespace"]);

        var example = Repository.Read("infra/Pulumi.example.yaml");
        var named = Regex.Matches(example, "reelseal:(?<name>[A-Za-z]+):", RegexOptions.ExplicitCapture, TimeSpan.FromSeconds(1))
            .Select(match => match.Groups["name"].Value);
        Assert.Equal(string.Join(' ', read), string.Join(' ', named.Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal)));
    }

    private DeploymentSettings Read(string name, string value)
    {
        _values[name] = value;
        return Read();
    }

    private DeploymentSettings Read() => DeploymentSettings.Read(_values.GetValueOrDefault, "reelseal", _stack);

    private IEnumerable<string> Errors() => Assert.Throws<InvalidConfigurationException>(Read).Errors;

    private static string NewKey()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        return key.ExportSubjectPublicKeyInfoPem();
    }
}
