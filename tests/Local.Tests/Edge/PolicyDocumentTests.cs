using System.Net;
using System.Text;
using Reelseal.Local.Edge.Signing;

namespace Reelseal.Local.Tests.Edge;

public sealed class PolicyDocumentTests
{
    private const string Ends = "\"DateLessThan\":{\"AWS:EpochTime\":2000}";

    [Theory]
    [InlineData("")]
    [InlineData("null")]
    [InlineData("[]")]
    [InlineData("{}")]
    [InlineData("""{"Statement":[]}""")]
    [InlineData("""{"Statement":{}}""")]
    [InlineData("""{"Statement":[{"Resource":"*"}]}""")] // no time
    [InlineData("""{"Statement":[{"Resource":"*","Condition":{}}]}""")]
    [InlineData("""{"Statement":[{"Resource":"*","Condition":{"DateGreaterThan":{"AWS:EpochTime":1}}}]}""")]
    [InlineData("""{"Statement":[{"Resource":"*","Condition":{"DateLessThan":{"AWS:EpochTime":"2000"}}}]}""")] // in quotes
    [InlineData("""{"Statement":[{"Resource":"*","Condition":{"DateLessThan":{"AWS:EpochTime":20.5}}}]}""")]
    [InlineData("""{"Statement":[{"Resource":"*","Condition":{"DateLessThan":{"AWS:EpochTime":-1}}}]}""")]
    [InlineData("""{"Statement":[{"Resource":["*"],"Condition":{"DateLessThan":{"AWS:EpochTime":2000}}}]}""")]
    [InlineData("""{"Statement":[{"Resource":"*","Condition":{"DateLessThan":{"EpochTime":2000}}}]}""")]
    [InlineData("""{"Statement":[{"Resource":"*","Action":"*","Condition":{"DateLessThan":{"AWS:EpochTime":2000}}}]}""")]
    [InlineData("""{"Statement":[{"Resource":"*","Condition":{"DateLessThan":{"AWS:EpochTime":2000},"IpAddress":{"AWS:SourceIp":"::1/128"}}}]}""")]
    [InlineData("""{"Statement":[{"Resource":"*","Condition":{"DateLessThan":{"AWS:EpochTime":2000},"IpAddress":{"AWS:SourceIp":"10.0.0.0/33"}}}]}""")]
    // Which of the two?
    [InlineData("""{"Statement":[{"Resource":"*","Condition":{"DateLessThan":{"AWS:EpochTime":2000},"DateLessThan":{"AWS:EpochTime":9000}}}]}""")]
    [InlineData("""{"Statement":[{"Resource":"\ud800","Condition":{"DateLessThan":{"AWS:EpochTime":2000}}}]}""")]
    [InlineData(
        """{"Statement":[{"Resource":"*","Condition":{"DateLessThan":{"AWS:EpochTime":2000}}},"""
        + """{"Resource":"*","Condition":{"DateLessThan":{"AWS:EpochTime":2000}}}]}""")]
    public void Is_malformed(string json) => Assert.False(PolicyDocument.TryParse(Encoding.UTF8.GetBytes(json), out _));

    [Theory]
    [InlineData("", 1999, true)]
    [InlineData("", 2000, false)]
    [InlineData(",\"DateGreaterThan\":{\"AWS:EpochTime\":1000}", 1001, true)]
    [InlineData(",\"DateGreaterThan\":{\"AWS:EpochTime\":1000}", 1000, false)] // "on or before the specified date"
    public void Holds_between_its_times(string more, long now, bool allowed) => Assert.Equal(allowed, Allows(more, now, "192.0.2.1"));

    [Theory]
    [InlineData("192.0.2.10/32", "192.0.2.10", true)]
    [InlineData("192.0.2.10/32", "192.0.2.11", false)]
    [InlineData("192.0.2.10", "192.0.2.10", true)]
    [InlineData("192.0.2.0/24", "192.0.2.255", true)]
    [InlineData("192.0.2.77/24", "192.0.2.1", true)] // the host's bits do not count
    [InlineData("192.0.2.0/24", "192.0.3.0", false)]
    [InlineData("0.0.0.0/0", "203.0.113.1", true)]
    [InlineData("192.0.2.0/24", "::ffff:192.0.2.1", true)]
    [InlineData("0.0.0.0/0", "2001:db8::1", false)]
    public void Is_for_its_addresses(string range, string viewer, bool allowed) =>
        Assert.Equal(allowed, Allows(",\"IpAddress\":{\"AWS:SourceIp\":\"" + range + "\"}", 1500, viewer));

    private static bool Allows(string more, long now, string viewer)
    {
        Assert.True(PolicyDocument.TryParse(Encoding.UTF8.GetBytes("{\"Statement\":[{\"Condition\":{" + Ends + more + "}}]}"), out var policy));
        return policy.Allows(new("https", "h.net", "/a", ""), IPAddress.Parse(viewer), DateTimeOffset.FromUnixTimeSeconds(now));
    }
}
