using System.IO.Compression;
using System.Net;
using System.Text;
using Reelseal.Local.Gateway;

namespace Reelseal.Local.Tests.Gateway;

/// <summary>The behaviour of the OpenFaaS gateway that the functions rely on.</summary>
public sealed class GatewayTests : IAsyncLifetime
{
    private const int Limit = 30_000;
    private readonly HttpClient _http = new(new SocketsHttpHandler { AllowAutoRedirect = false });
    private FunctionGateway _gateway = null!;
    private StubServer _function = null!;
    private RequestDelegate _serve = context => context.Response.WriteAsync(context.Request.Path + context.Request.QueryString, context.RequestAborted);

    public async ValueTask InitializeAsync()
    {
        _gateway = await FunctionGateway.StartAsync(0, _ => { }, TestContext.Current.CancellationToken);
        _function = await StubServer.StartAsync(context => _serve(context));
        _gateway.Register("echo", new Uri(_function.Address));
    }

    [Fact(Timeout = Limit)]
    public async Task Each_request_gets_a_replica_at_random()
    {
        await using var other = await StubServer.StartAsync(context => context.Response.WriteAsync("other", context.RequestAborted));
        _serve = context => context.Response.WriteAsync("first", context.RequestAborted);
        _gateway.Register("echo", [new(_function.Address), new(other.Address)]);
        var answers = new List<string>();
        for (var call = 0; call < 100; call++)
            answers.Add(await _http.GetStringAsync(new Uri(_gateway.Address + "/function/echo"), TestContext.Current.CancellationToken));

        Assert.InRange(answers.Count(answer => answer == "first"), 20, 80);
        Assert.InRange(answers.Count(answer => answer == "other"), 20, 80);
        Assert.Contains(answers.Zip(answers.Skip(1)), pair => pair.First == pair.Second); // not in turn
        _gateway.Register("echo", new Uri(other.Address));
        Assert.Equal("other", await _http.GetStringAsync(new Uri(_gateway.Address + "/function/echo"), TestContext.Current.CancellationToken));
    }

    [Theory(Timeout = Limit)]
    [InlineData("/function/echo", "/")]
    [InlineData("/function/echo/", "/")]
    [InlineData("/function/echo/videos/1/m.m3u8?until=1&proof=%2B", "/videos/1/m.m3u8?until=1&proof=%2B")]
    [InlineData("/function/echo/videos%2F1", "/videos/1")]
    [InlineData("/function/echo/a%20b", "/a%20b")]
    [InlineData("/function/echo/a%3Fb?c", "/a?b?c")] // a decoded question mark starts the query
    [InlineData("/function/echo/a%23b", "/a")] // a decoded hash cuts it off
    [InlineData("/function/echo/a%2541", "/a%41")] // and will be decoded again by the function
    public async Task Forwards_the_decoded_path(string target, string seen)
    {
        _serve = context => context.Response.WriteAsync(
            context.Features.Get<Microsoft.AspNetCore.Http.Features.IHttpRequestFeature>()!.RawTarget, context.RequestAborted);
        var answer = await RawHttp.GetAsync(_gateway.Address, target);
        Assert.StartsWith("HTTP/1.1 200", answer, StringComparison.Ordinal);
        Assert.Contains($"\r\n{seen}\r\n", answer, StringComparison.Ordinal); // a chunk of its own
    }

    [Theory(Timeout = Limit)]
    [InlineData("/function/echo/a/../b", "/function/echo/b")]
    [InlineData("/function/echo/a/%2e%2e/b", "/function/echo/b")]
    [InlineData("/function/echo//a?x=1", "/function/echo/a?x=1")]
    [InlineData("/function/echo/./a/", "/function/echo/a/")]
    [InlineData("/function/../../x", "/x")]
    public async Task Redirects_a_path_that_is_not_clean(string target, string location)
    {
        var answer = await RawHttp.GetAsync(_gateway.Address, target);
        Assert.StartsWith("HTTP/1.1 301", answer, StringComparison.Ordinal);
        Assert.Contains($"Location: {location}\r\n", answer, StringComparison.Ordinal);
    }

    [Fact(Timeout = Limit)]
    public async Task A_path_that_does_not_parse_once_decoded_kills_the_request() =>
        Assert.Empty(await RawHttp.GetAsync(_gateway.Address, "/function/echo/a%25x"));

    [Theory(Timeout = Limit)]
    [InlineData("/")]
    [InlineData("/function/")]
    [InlineData("/function/other")]
    [InlineData("/system/functions")]
    public async Task A_path_of_no_function_is_not_found(string path) =>
        Assert.Equal(HttpStatusCode.NotFound, (await _http.GetAsync(_gateway.Address + path, TestContext.Current.CancellationToken)).StatusCode);

    [Fact(Timeout = Limit)]
    public async Task A_body_arrives_chunked_and_whole()
    {
        _serve = async context =>
        {
            var body = new MemoryStream();
            await context.Request.Body.CopyToAsync(body, context.RequestAborted);
            var length = context.Request.ContentLength is null ? "none" : "some";
            await context.Response.WriteAsync(
                $"{length} {context.Request.Headers.TransferEncoding} {context.Request.ContentType} {body.Length}", context.RequestAborted);
        };
        using var content = new ByteArrayContent(new byte[3_000_000]);
        content.Headers.ContentType = new("video/mp4");
        using var answer = await _http.PostAsync(_gateway.Address + "/function/echo", content, TestContext.Current.CancellationToken);
        Assert.Equal("none chunked video/mp4 3000000", await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken));
    }

    [Fact(Timeout = Limit)]
    public async Task A_body_is_forwarded_while_it_arrives()
    {
        var first = new TaskCompletionSource();
        _serve = async context =>
        {
            await context.Request.Body.ReadExactlyAsync(new byte[5], context.RequestAborted);
            first.SetResult();
            await context.Request.Body.CopyToAsync(Stream.Null, context.RequestAborted);
        };
        using var pipe = new PushContent(async stream =>
        {
            await stream.WriteAsync("first"u8.ToArray());
            await stream.FlushAsync();
            await first.Task; // the function has it, before the rest exists
            await stream.WriteAsync("second"u8.ToArray());
        });
        using var answer = await _http.PostAsync(_gateway.Address + "/function/echo", pipe, TestContext.Current.CancellationToken);
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
    }

    [Fact(Timeout = Limit)]
    public async Task A_response_is_returned_while_it_arrives()
    {
        var read = new TaskCompletionSource();
        _serve = async context =>
        {
            await context.Response.WriteAsync("first", context.RequestAborted);
            await context.Response.Body.FlushAsync(context.RequestAborted);
            await read.Task;
            await context.Response.WriteAsync("second", context.RequestAborted);
        };
        using var answer = await _http.GetAsync(
            _gateway.Address + "/function/echo", HttpCompletionOption.ResponseHeadersRead, TestContext.Current.CancellationToken);
        await using var body = await answer.Content.ReadAsStreamAsync(TestContext.Current.CancellationToken);
        var bytes = new byte[5];
        await body.ReadExactlyAsync(bytes, TestContext.Current.CancellationToken);
        Assert.Equal("first", Encoding.ASCII.GetString(bytes));
        read.SetResult();
        Assert.Equal("second", await new StreamReader(body).ReadToEndAsync(TestContext.Current.CancellationToken));
    }

    [Fact(Timeout = Limit)]
    public async Task A_caller_that_hangs_up_ends_the_functions_request()
    {
        var ended = new TaskCompletionSource();
        var started = new TaskCompletionSource();
        _serve = async context =>
        {
            started.SetResult();
            try
            {
                await context.Request.Body.CopyToAsync(Stream.Null, context.RequestAborted);
            }
            catch (Exception e) when (e is IOException or OperationCanceledException)
            {
                ended.SetResult();
            }
        };
        using var hangUp = new CancellationTokenSource();
        using var content = new PushContent(async stream =>
        {
            await stream.WriteAsync("first"u8.ToArray());
            await stream.FlushAsync();
            await Task.Delay(Timeout.Infinite, hangUp.Token);
        });
        var call = _http.PostAsync(_gateway.Address + "/function/echo", content, hangUp.Token);
        await started.Task;
        await hangUp.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => call);
        await ended.Task;
    }

    [Fact(Timeout = Limit)]
    public async Task A_function_that_breaks_off_breaks_the_answer_off()
    {
        var begun = new TaskCompletionSource();
        _serve = async context =>
        {
            await context.Response.WriteAsync("half", context.RequestAborted);
            await context.Response.Body.FlushAsync(context.RequestAborted);
            await begun.Task;
            context.Abort();
        };
        using var answer = await _http.GetAsync(
            _gateway.Address + "/function/echo", HttpCompletionOption.ResponseHeadersRead, TestContext.Current.CancellationToken);
        begun.SetResult();
        await Assert.ThrowsAnyAsync<HttpRequestException>(() => answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken));
    }

    [Fact(Timeout = Limit)]
    public async Task A_function_may_refuse_a_body_before_its_end()
    {
        _serve = async context =>
        {
            await context.Request.Body.ReadExactlyAsync(new byte[1000], context.RequestAborted);
            context.Response.StatusCode = StatusCodes.Status413PayloadTooLarge;
        };
        using var content = new PushContent(async stream =>
        {
            for (var sent = 0; sent < 100; sent++)
                await stream.WriteAsync(new byte[1_000_000]);
        });
        using var answer = await _http.PostAsync(_gateway.Address + "/function/echo", content, TestContext.Current.CancellationToken);
        Assert.Equal(HttpStatusCode.RequestEntityTooLarge, answer.StatusCode);
    }

    [Theory(Timeout = Limit)]
    [InlineData(false, HttpStatusCode.BadGateway)] // as often happens with three Go proxies
    [InlineData(true, HttpStatusCode.Unauthorized)]
    public async Task A_refusal_is_lost_when_an_announced_body_is_not_read_to_its_end(bool reads, HttpStatusCode status)
    {
        _serve = async context =>
        {
            if (reads)
                await context.Request.Body.CopyToAsync(Stream.Null, context.RequestAborted);
            context.Response.StatusCode = StatusCodes.Status401Unauthorized;
        };
        using var request = new HttpRequestMessage(HttpMethod.Post, _gateway.Address + "/function/echo");
        request.Content = new ByteArrayContent(new byte[2_000_000]);
        request.Headers.ExpectContinue = true;
        using var answer = await _http.SendAsync(request, TestContext.Current.CancellationToken);
        Assert.Equal(status, answer.StatusCode);
    }

    [Fact(Timeout = Limit)]
    public async Task Keeps_the_callers_call_id_or_makes_one_and_returns_it()
    {
        _serve = context => context.Response.WriteAsync(context.Request.Headers["X-Call-Id"].ToString(), context.RequestAborted);
        using var request = new HttpRequestMessage(HttpMethod.Get, _gateway.Address + "/function/echo") { Headers = { { "X-Call-Id", "mine" } } };
        using var own = await _http.SendAsync(request, TestContext.Current.CancellationToken);
        Assert.Equal("mine", await own.Content.ReadAsStringAsync(TestContext.Current.CancellationToken));
        Assert.Equal("mine", own.Headers.GetValues("X-Call-Id").Single());

        using var made = await _http.GetAsync(_gateway.Address + "/function/echo", TestContext.Current.CancellationToken);
        Assert.True(Guid.TryParse(made.Headers.GetValues("X-Call-Id").Single(), out _));
        Assert.Equal(made.Headers.GetValues("X-Call-Id").Single(), await made.Content.ReadAsStringAsync(TestContext.Current.CancellationToken));
    }

    [Fact(Timeout = Limit)]
    public async Task Forwards_the_client_address_and_the_host()
    {
        _serve = context =>
        {
            var headers = context.Request.Headers;
            return context.Response.WriteAsync(
                $"{headers["X-Forwarded-Host"]} {headers["X-Forwarded-For"]} {headers["X-Start-Time"].Count} {headers.Authorization}",
                context.RequestAborted);
        };
        using var request = new HttpRequestMessage(HttpMethod.Get, _gateway.Address + "/function/echo") { Headers = { { "Authorization", "Bearer x" } } };
        using var answer = await _http.SendAsync(request, TestContext.Current.CancellationToken);
        Assert.Matches(
            $@"^{new Uri(_gateway.Address).Authority} 127\.0\.0\.1:\d+ 1 Bearer x$",
            await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken));
    }

    [Fact(Timeout = Limit)]
    public async Task Requests_gzip_when_the_caller_does_not_say_and_decompresses_the_response()
    {
        var accepted = "";
        _serve = async context =>
        {
            accepted = context.Request.Headers.AcceptEncoding.ToString();
            context.Response.Headers.ContentEncoding = "gzip";
            await using var gzip = new GZipStream(context.Response.Body, CompressionLevel.Fastest);
            await gzip.WriteAsync("plain text"u8.ToArray(), context.RequestAborted);
        };
        using var plain = await _http.GetAsync(_gateway.Address + "/function/echo", TestContext.Current.CancellationToken);
        Assert.Equal("gzip", accepted);
        Assert.Equal("plain text", await plain.Content.ReadAsStringAsync(TestContext.Current.CancellationToken));
        Assert.Empty(plain.Content.Headers.ContentEncoding);

        using var request = new HttpRequestMessage(HttpMethod.Get, _gateway.Address + "/function/echo") { Headers = { { "Accept-Encoding", "gzip, br" } } };
        using var packed = await _http.SendAsync(request, TestContext.Current.CancellationToken);
        Assert.Equal("gzip, br", accepted);
        Assert.Equal("gzip", packed.Content.Headers.ContentEncoding.Single());
    }

    [Fact(Timeout = Limit)]
    public async Task The_result_of_an_asynchronous_call_is_posted_to_its_callback()
    {
        var result = new TaskCompletionSource<string>();
        await using var callback = await StubServer.StartAsync(async context =>
        {
            using var reader = new StreamReader(context.Request.Body);
            var headers = context.Request.Headers;
            result.TrySetResult(
                $"{headers["X-Call-Id"]} {headers["X-Function-Name"]} {headers["X-Function-Status"]} {context.Request.ContentType} "
                + await reader.ReadToEndAsync(context.RequestAborted));
        });
        _serve = async context =>
        {
            using var reader = new StreamReader(context.Request.Body);
            context.Response.StatusCode = StatusCodes.Status201Created;
            context.Response.ContentType = "text/plain";
            await context.Response.WriteAsync($"{context.Request.Path} {await reader.ReadToEndAsync(context.RequestAborted)}", context.RequestAborted);
        };
        using var request = new HttpRequestMessage(HttpMethod.Post, _gateway.Address + "/async-function/echo/x")
        {
            Headers = { { "X-Call-Id", "mine" }, { "X-Callback-Url", callback.Address + "/done" } },
            Content = new StringContent("hello"),
        };
        using var accepted = await _http.SendAsync(request, TestContext.Current.CancellationToken);
        Assert.Equal(HttpStatusCode.Accepted, accepted.StatusCode);
        Assert.Equal("mine", accepted.Headers.GetValues("X-Call-Id").Single());
        Assert.Equal("mine echo 201 text/plain /x hello", await result.Task);
    }

    [Theory(Timeout = Limit)]
    [InlineData(256 * 1024, HttpStatusCode.Accepted)]
    [InlineData((256 * 1024) + 1, HttpStatusCode.RequestEntityTooLarge)]
    public async Task An_asynchronous_call_takes_256_KB(int length, HttpStatusCode status)
    {
        using var content = new ByteArrayContent(new byte[length]);
        using var answer = await _http.PostAsync(_gateway.Address + "/async-function/echo", content, TestContext.Current.CancellationToken);
        Assert.Equal(status, answer.StatusCode);
    }

    [Fact(Timeout = Limit)]
    public async Task An_asynchronous_call_is_a_POST() =>
        Assert.Equal(
            HttpStatusCode.MethodNotAllowed,
            (await _http.GetAsync(_gateway.Address + "/async-function/echo", TestContext.Current.CancellationToken)).StatusCode);

    [Fact(Timeout = Limit)]
    public async Task A_function_that_is_not_there_is_an_error_of_the_gateway()
    {
        _gateway.Register("gone", new Uri("http://127.0.0.1:1"));
        Assert.Equal(
            HttpStatusCode.InternalServerError,
            (await _http.GetAsync(_gateway.Address + "/function/gone", TestContext.Current.CancellationToken)).StatusCode);
    }

    public async ValueTask DisposeAsync()
    {
        _http.Dispose();
        await _gateway.DisposeAsync();
        await _function.DisposeAsync();
    }

    private sealed class PushContent(Func<Stream, Task> push) : HttpContent
    {
        protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context) => push(stream);

        protected override bool TryComputeLength(out long length)
        {
            length = 0;
            return false;
        }
    }
}
