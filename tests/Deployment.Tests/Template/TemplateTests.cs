using System.Diagnostics;
using System.Net;
using System.Net.Http.Headers;
using System.Text.Json;

namespace Deployment.Tests.Template;

public sealed class TemplateTests(ProbeFunction probe) : IClassFixture<ProbeFunction>
{
    [Theory(Timeout = 60_000)]
    [InlineData("GET", "/throws", HttpStatusCode.InternalServerError)]
    [InlineData("GET", "/nowhere", HttpStatusCode.NotFound)]
    [InlineData("POST", "/throws", HttpStatusCode.MethodNotAllowed)]
    public async Task Every_error_is_problem_details_whatever_the_caller_accepts(string method, string path, HttpStatusCode status)
    {
        await using var function = probe.Start();
        using var client = new HttpClient { BaseAddress = await function.Listening };
        using var request = new HttpRequestMessage(new(method), path);
        request.Headers.Accept.Add(new MediaTypeWithQualityHeaderValue("application/vnd.apple.mpegurl"));

        using var answer = await client.SendAsync(request, TestContext.Current.CancellationToken);

        Assert.Equal(status, answer.StatusCode);
        Assert.Equal("application/problem+json", answer.Content.Headers.ContentType?.MediaType);
        var problem = JsonElement.Parse(await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken));
        Assert.Equal((int)status, problem.GetProperty("status").GetInt32());
        Assert.False(string.IsNullOrEmpty(problem.GetProperty("title").GetString()));
    }

    [Fact(Timeout = 60_000)]
    public async Task An_unexpected_exception_is_told_to_the_log_and_not_to_the_caller()
    {
        await using var function = probe.Start();
        using var client = new HttpClient { BaseAddress = await function.Listening };

        using var answer = await client.GetAsync("/throws", TestContext.Current.CancellationToken);
        var body = await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);

        Assert.DoesNotContain("secret reason", body, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", body, StringComparison.Ordinal);
        Assert.DoesNotContain("Probe", body, StringComparison.Ordinal);
        await Until(() => function.Log.Count(line => line.Contains("the secret reason", StringComparison.Ordinal)) == 1);
    }

    [Fact(Timeout = 60_000)]
    public async Task A_body_over_the_limit_is_the_callers_fault()
    {
        await using var function = probe.Start();
        using var client = new HttpClient { BaseAddress = await function.Listening };
        using var body = new StreamContent(new MemoryStream(new byte[31_000_000]));
        using var request = new HttpRequestMessage(HttpMethod.Post, "/reads") { Content = body, Headers = { TransferEncodingChunked = true } };

        using var answer = await client.SendAsync(request, TestContext.Current.CancellationToken);

        Assert.Equal(HttpStatusCode.RequestEntityTooLarge, answer.StatusCode);
        Assert.Equal("application/problem+json", answer.Content.Headers.ContentType?.MediaType);
    }

    [Theory(Timeout = 60_000)]
    [InlineData("0b9f5a0e-6f0b-4b43-9d2e-3f8b1c5a7e21", true)]
    [InlineData("two words", false)]
    [InlineData("\"}{\"forged\":\"line", false)]
    public async Task Each_line_of_the_log_is_json_and_carries_the_calls_id(string callId, bool kept)
    {
        await using var function = probe.Start();
        using var client = new HttpClient { BaseAddress = await function.Listening };
        client.DefaultRequestHeaders.TryAddWithoutValidation("X-Call-Id", callId);

        using var answer = await client.GetAsync("/logs?token=a-token", TestContext.Current.CancellationToken);
        await Until(() => function.Log.Any(line => line.Contains("a line", StringComparison.Ordinal)));

        Assert.All(function.Log, line => Assert.Equal(JsonValueKind.Object, JsonElement.Parse(line).ValueKind));
        var line = function.Log.Single(line => line.Contains("a line", StringComparison.Ordinal));
        Assert.Equal(kept, line.Contains($"\"CallId\":\"{callId}\"", StringComparison.Ordinal));
        Assert.DoesNotContain("forged", line, StringComparison.Ordinal);
        Assert.Matches("\"Timestamp\":\"[0-9-]{10}T[0-9:.]{12}Z\"", line);
        Assert.DoesNotContain(function.Log, entry => entry.Contains("a-token", StringComparison.Ordinal));
    }

    [Fact(Timeout = 60_000)]
    public async Task It_says_that_it_is_ready_and_not_what_it_runs_on()
    {
        await using var function = probe.Start();
        using var client = new HttpClient { BaseAddress = await function.Listening };

        using var answer = await client.GetAsync("/_/ready", TestContext.Current.CancellationToken);

        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        Assert.False(answer.Headers.Contains("Server"));
    }

    [Fact(Timeout = 60_000)]
    public async Task With_faulty_settings_it_names_them_all_and_does_not_start()
    {
        await using var function = probe.Start(("PROBE_FAULTY", "true"));

        Assert.Equal(1, await function.ExitAsync(TestContext.Current.CancellationToken));
        await Until(() => function.Log.Count() >= 2);
        Assert.Equal("FIRST is not set. SECOND is not set.", string.Join(' ', function.Log));
    }

    [Fact(Timeout = 60_000)]
    public async Task After_sigterm_a_request_in_flight_is_finished_and_the_exit_is_clean()
    {
        await using var function = probe.Start();
        using var client = new HttpClient { BaseAddress = await function.Listening };
        await client.GetStringAsync("/logs", TestContext.Current.CancellationToken);

        var slow = client.GetStringAsync("/slow", TestContext.Current.CancellationToken);
        await Task.Delay(TimeSpan.FromSeconds(1), TestContext.Current.CancellationToken);
        function.Terminate();

        Assert.Equal("done", await slow);
        Assert.Equal(0, await function.ExitAsync(TestContext.Current.CancellationToken));
    }

    [Fact(Timeout = 60_000)]
    public async Task While_the_watchdog_still_hands_on_requests_they_are_served()
    {
        await using var function = probe.Start(("healthcheck_interval", "2s"), ("write_timeout", "10s"));
        using var client = new HttpClient { BaseAddress = await function.Listening };
        await client.GetStringAsync("/logs", TestContext.Current.CancellationToken);

        var since = Stopwatch.StartNew();
        function.Terminate();
        await Task.Delay(TimeSpan.FromSeconds(1.8), TestContext.Current.CancellationToken);
        using (var late = new HttpClient { BaseAddress = client.BaseAddress })
            Assert.Equal(HttpStatusCode.OK, (await late.GetAsync("/_/ready", TestContext.Current.CancellationToken)).StatusCode);

        Assert.Equal(0, await function.ExitAsync(TestContext.Current.CancellationToken));
        Assert.InRange(since.Elapsed, TimeSpan.FromSeconds(2.9), TimeSpan.FromSeconds(10));
    }

    private static async Task Until(Func<bool> condition)
    {
        while (!condition())
            await Task.Delay(20, TestContext.Current.CancellationToken);
    }
}
