using CliWrap;
using CliWrap.Buffered;
using Reelseal.Infra;

namespace Deployment.Tests.Infra;

public sealed class PagePolicyTests
{
    [Theory(Timeout = 60_000)]
    [InlineData("/", """{"statusCode":302,"statusDescription":"Found","headers":{"location":{"value":"/site/"}}}""")]
    [InlineData("/site", """{"statusCode":302,"statusDescription":"Found","headers":{"location":{"value":"/site/"}}}""")]
    [InlineData("/site/", """{"uri":"/site/index.html"}""")]
    [InlineData("/site/page.js", """{"uri":"/site/page.js"}""")]
    public async Task The_bare_address_leads_to_the_page_and_a_folder_is_its_index(string uri, string expected)
    {
        var program = $"{PagePolicy.Addresses}console.log(JSON.stringify(handler({{ request: {{ uri: '{uri}' }} }})))";
        var node = await Cli.Wrap("node").WithArguments(["-e", program]).ExecuteBufferedAsync(TestContext.Current.CancellationToken);
        Assert.Equal(expected, node.StandardOutput.Trim());
    }

    [Fact]
    public void Scripts_and_styles_are_files_of_the_page_and_addresses_are_named_once()
    {
        var policy = PagePolicy.ContentSecurityPolicy(
            "https://functions.example.com", ["https://bucket.example.com", "https://functions.example.com"], frameAncestors: []);

        Assert.DoesNotContain("unsafe", policy, StringComparison.Ordinal);
        Assert.Contains("; script-src 'self'; worker-src 'self'; style-src 'self'; ", policy, StringComparison.Ordinal);
        Assert.Contains("; connect-src 'self' https://functions.example.com https://bucket.example.com; ", policy, StringComparison.Ordinal);
    }

    [Fact]
    public void The_page_learns_where_the_functions_are_where_its_token_comes_from_and_whether_a_developer_looks()
    {
        var settings = new DeploymentSettings { Gateway = new("https://functions.example.com/"), Prefix = "p", OriginSecret = "s", PublicKeys = [] };
        Assert.Equal("""{"gateway":"https://functions.example.com"}""", PageConfiguration.Of(settings));
        Assert.Equal(
            """{"gateway":"https://functions.example.com","tokenUrl":"https://app.example.com/token","developer":true}""",
            PageConfiguration.Of(settings with { TokenUrl = new("https://app.example.com/token"), Developer = true }));
    }

    [Fact]
    public void No_page_may_frame_the_page_unless_its_origin_is_named()
    {
        Assert.EndsWith("; frame-ancestors 'none'", PagePolicy.ContentSecurityPolicy("https://functions.example.com", [], []), StringComparison.Ordinal);
        Assert.EndsWith(
            "; frame-ancestors https://a.example.com https://b.example.com:8443",
            PagePolicy.ContentSecurityPolicy("https://functions.example.com", [], ["https://a.example.com", "https://b.example.com:8443"]),
            StringComparison.Ordinal);
    }
}
