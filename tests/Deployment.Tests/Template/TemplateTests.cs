using System.Diagnostics;
using System.Net;
using System.Net.Http.Headers;
using System.Net.Sockets;
using System.Text.Json;

namespace Deployment.Tests.Template;

[Collection<ProbeTests>]
public sealed class TemplateTests(ProbeFunction probe)
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
    public async Task An_unexpected_exception_is_logged_and_not_shown_to_the_caller()
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
    public async Task It_reports_that_it_is_ready_and_not_what_it_runs_on()
    {
        await using var function = probe.Start();
        using var client = new HttpClient { BaseAddress = await function.Listening };

        using var answer = await client.GetAsync("/_/ready", TestContext.Current.CancellationToken);

        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        Assert.False(answer.Headers.Contains("Server"));
    }

    [Theory(Timeout = 60_000)]
    [InlineData("", 200, 200, """{"status":"pass","checks":{"far away":[{"status":"pass"}],"within":[{"status":"pass"}]}}""")]
    [InlineData("down", 200, 503,
        """{"status":"fail","checks":{"far away":[{"status":"fail","output":"It does not answer."}],"within":[{"status":"pass"}]}}""")]
    [InlineData("throws", 200, 503,
        """{"status":"fail","checks":{"far away":[{"status":"fail","output":"The check failed."}],"within":[{"status":"pass"}]}}""")]
    [InlineData("broken", 503, 503,
        """{"status":"fail","checks":{"far away":[{"status":"pass"}],"within":[{"status":"fail","output":"A part is missing."}]}}""")]
    public async Task It_is_ready_unless_a_part_of_it_is_broken_and_says_which_dependency_is_down(string state, int ready, int health, string document)
    {
        var cancellationToken = TestContext.Current.CancellationToken;
        await using var function = probe.Start(("PROBE_STATE", state));
        using var client = new HttpClient { BaseAddress = await function.Listening };

        using (var answer = await client.GetAsync("/_/ready", cancellationToken))
            Assert.Equal(ready, (int)answer.StatusCode);
        foreach (var path in (string[])["/_/health", "/health"])
        {
            using var answer = await client.GetAsync(path, cancellationToken);
            Assert.Equal(health, (int)answer.StatusCode);
            Assert.Equal("application/health+json", answer.Content.Headers.ContentType?.MediaType);
            Assert.True(answer.Headers.CacheControl?.NoStore);
            Assert.Equal(document, await answer.Content.ReadAsStringAsync(cancellationToken));
        }
    }

    [Fact(Timeout = 60_000)]
    public async Task Its_dependencies_are_checked_once_no_matter_how_many_clients_ask()
    {
        var cancellationToken = TestContext.Current.CancellationToken;
        await using var function = probe.Start();
        using var client = new HttpClient { BaseAddress = await function.Listening };

        var since = Stopwatch.StartNew();
        await Task.WhenAll(Enumerable.Range(0, 100).Select(_ => client.GetStringAsync("/health", cancellationToken)));
        var asked = await client.GetStringAsync("/asked", cancellationToken);
        Assert.SkipUnless(
            since.Elapsed < TimeSpan.FromSeconds(5),
            $"The machine took {since.Elapsed} for a hundred requests, after which the dependencies may be asked again.");
        Assert.Equal("1", asked);

        await Task.Delay(TimeSpan.FromSeconds(5), cancellationToken);
        await client.GetStringAsync("/health", cancellationToken);
        Assert.Equal("2", await client.GetStringAsync("/asked", cancellationToken));
    }

    [Theory(Timeout = 60_000)]
    [InlineData("POST /reads HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\nno number\r\n")]
    [InlineData("GET /logs HTTP/1.1\r\nHost: x\r\nX-Call-Id: a\r\n b\r\nConnection: close\r\n\r\n")]
    [InlineData("GET /logs HTTP/1.1\r\nHost: x\r\nX-Call-Id: a\u001b[2Jb\0\r\nConnection: close\r\n\r\n")]
    [InlineData("GET /\u001b[31m%0d%0aforged HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")]
    public async Task Malformed_requests_do_not_fill_the_log(string request)
    {
        var cancellationToken = TestContext.Current.CancellationToken;
        await using var function = probe.Start();
        var address = await function.Listening;
        using var client = new HttpClient { BaseAddress = address };
        await client.GetStringAsync("/logs", cancellationToken);
        await Until(() => function.Log.Count(line => line.Contains("a line", StringComparison.Ordinal)) == 1);
        using var connection = new TcpClient();
        await connection.ConnectAsync(address.Host, address.Port, cancellationToken);
        await connection.GetStream().WriteAsync(System.Text.Encoding.Latin1.GetBytes(request), cancellationToken);
        using var reader = new StreamReader(connection.GetStream());

        Assert.StartsWith("HTTP/1.1 4", await reader.ReadLineAsync(cancellationToken), StringComparison.Ordinal);
        await client.GetStringAsync("/logs", cancellationToken);
        await Until(() => function.Log.Count(line => line.Contains("a line", StringComparison.Ordinal)) == 2);
        var between = function.Log
            .SkipWhile(line => !line.Contains("a line", StringComparison.Ordinal)).Skip(1)
            .TakeWhile(line => !line.Contains("a line", StringComparison.Ordinal));
        Assert.DoesNotContain(between, line => !line.Contains("Microsoft.Hosting.Lifetime", StringComparison.Ordinal)); // "Application started" may come late
    }

    [Fact(Timeout = 60_000)]
    public async Task With_faulty_settings_it_does_not_start_and_names_them_all_on_one_line_of_json()
    {
        await using var function = probe.Start(("PROBE_FAULTY", "true"));

        Assert.Equal(1, await function.ExitAsync(TestContext.Current.CancellationToken));
        await Until(() => function.Log.Any());
        var line = JsonElement.Parse(Assert.Single(function.Log));
        Assert.Equal("Critical", line.GetProperty("LogLevel").GetString());
        Assert.Equal("The function does not start: FIRST is not set. SECOND is not set.", line.GetProperty("Message").GetString());
        Assert.Matches("^[0-9-]{10}T[0-9:.]{12}Z$", line.GetProperty("Timestamp").GetString());
    }

    [Fact(Timeout = 60_000)]
    public async Task Where_it_cannot_listen_each_line_of_the_log_is_json_and_it_ends_with_1()
    {
        await using var function = probe.Start(("ASPNETCORE_URLS", "http://203.0.113.1:1"));

        Assert.Equal(1, await function.ExitAsync(TestContext.Current.CancellationToken));
        await Until(() => function.Log.Any());
        Assert.All(function.Log, line => Assert.Equal(JsonValueKind.Object, JsonElement.Parse(line).ValueKind));
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
    public async Task Requests_that_the_watchdog_still_forwards_are_served()
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
