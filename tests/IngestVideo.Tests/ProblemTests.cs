using System.Net;
using System.Text.Json;
using Reelseal;

namespace IngestVideo.Tests;

/// <summary>Every refusal says what is wrong, and which call it was.</summary>
public sealed class ProblemTests
{
    [Theory(Timeout = 60_000)]
    [InlineData("GET", "/nowhere", 404, "There is nothing at this address.")]
    [InlineData("POST", "/videos", 405, "The methods of this address are GET.")]
    [InlineData("GET", "/videos/3f0e0b52-6a33-4f0c-9a51-0c8a4a3c1a77", 404, "There is no such video.")]
    [InlineData("GET", "/videos/x", 400, "A video id is a UUID in lower case with hyphens.")]
    [InlineData("GET", "/videos?after=x", 400, "after must be the value of next of an earlier page.")]
    public async Task A_problem_has_a_detail_and_the_id_of_the_call(string method, string path, int status, string detail)
    {
        await using var host = await IngestHost.StartAsync();
        var call = VideoId.New().ToString();
        using var request = new HttpRequestMessage(new(method), path) { Headers = { { "X-Call-Id", call } } };

        using var answer = await host.Client.SendAsync(request, TestContext.Current.CancellationToken);

        Assert.Equal((HttpStatusCode)status, answer.StatusCode);
        var problem = JsonDocument.Parse(await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken)).RootElement;
        Assert.Equal((status, detail, call), (
            problem.GetProperty("status").GetInt32(), problem.GetProperty("detail").GetString(), problem.GetProperty("traceId").GetString()));
    }
}
