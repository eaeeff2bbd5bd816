using System.Collections.Concurrent;
using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Net.Sockets;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.Primitives;

namespace Reelseal.Testing;

/// <summary>
/// Sends every route of a function each hostile value in each place where a caller can put one: every route parameter, every query parameter that the function
/// reads, every header, every body. The routes are those that the function maps, and the query parameters those that it asks for: a new one is covered by being
/// there.
/// </summary>
public sealed class HostileRequests : IStartupFilter
{
    private static readonly byte[][] s_pathAndQueryValues =
    [
        .. ((string[])
        [
            "", "0", "-1", "-0", "+1", "00000000001800000000", "1800000000.5", "1e9", "1e400", "NaN", "0x7fffffff", "%20%201", "1_000", "1800000000%00",
            "2147483648", "4294967296", "9223372036854775807", "9223372036854775808", "-9223372036854775808", "18446744073709551616", "253402300799",
                "253402300800", new('9', 400),
            "%D9%A1%D9%A2%D9%A3", "%EF%BC%91", // digits of other scripts
            "true", "false", "null", "[]", "{}", "%7B%22a%22%3A1%7D", "undefined",
            new('!', 43), new('A', 43), new string('A', 42) + "B", new string('A', 42) + "%3D", new string('-', 43), new string('_', 43), new('A', 44),
                new('A', 7000),
            "%00", "a%00b", "%", "%2", "%zz", "%25", "%2500", "%u0041", "%0d%0aX-Evil:%20yes", "%0a", "%09", "%7f", "%e2%80%ae",
            // Overlong, cut, surrogates, beyond Unicode.
            "%C0%AF", "%C0%80", "%E0%80%AF", "%F8%88%80%80%80", "%FF%FE", "%80", "%C3", "%ED%A0%80", "%ED%BF%BF", "%F4%90%80%80", "%EF%BF%BE",
            "%2e%2e", "..%2f..%2fetc%2fpasswd", "%2e%2e%2f%2e%2e%2f", "..%5c..%5c", "a%2fb", "a%5cb", "con", "a:b", "*", "%7E", "%3Cscript%3E",
                "'%20or%201%3D1--", "$%7Bjndi%3Ax%7D", "%2525",
            "e30.e30.c2ln", "..", ".", "a.b.c", "e30", ".e30.", "00000000-0000-0000-0000-000000000000", "%7B3f0e0b52-6a33-4f0c-9a51-0c8a4a3c1a77%7D",
                "3F0E0B52-6A33-4F0C-9A51-0C8A4A3C1A77",
            "3f0e0b526a334f0c9a510c8a4a3c1a77", "http%3A%2F%2F%00", "http%3A%2F%2F%5B%3A%3A1", "file%3A%2F%2F%2Fetc%2Fpasswd",
                "https%3A%2F%2Fuser%3Apass%40host%3A99999%2F",
        ]).Select(Encoding.ASCII.GetBytes),
        [0xFF, 0xFE], [0xC0, 0xAF], [0xED, 0xA0, 0x80], [0xC3, 0xA9],
    ];

    private static readonly byte[][] s_headerValues =
    [
        .. ((string[])
        [
            "", "*", ",", ";", ";;;", "=", "\"", "\"\"", "W/", "W/\"", "W/\"x", "*, \"x\"", "\"x\", *", "x", new('"', 2000), new('x', 7000), new('9', 400),
                "-1", "0", "9223372036854775808",
            "bytes=", "bytes=-", "bytes=--1", "bytes=1-0", "bytes=0-9223372036854775808", "bytes=9223372036854775807-9223372036854775807", "bytes="
                + string.Join(',', Enumerable.Repeat("0-0", 1000)), "items=0-1",
            "gzip;q=", "gzip;q=x", "gzip;q=1e9", "gzip;q=-1", ";q=1", "gzip;q=0, *", string.Join(',', Enumerable.Repeat("gzip;q=0.5", 500)),
            "Bearer", "Bearer ", "Bearer  ", "Bearer .", "Bearer ..", "Bearer a.b.c", "Bearer e30.e30.", "Bearer eyJhbGciOiJub25lIn0.e30.", "Bearer "
                + new string('.', 5000), "Basic !!!", "Bearer %00", "bearer\tx",
            "3F0E0B52-6A33-4F0C-9A51-0C8A4A3C1A77", "{3f0e0b52-6a33-4f0c-9a51-0c8a4a3c1a77}", "../../etc/passwd",
                "00-00000000000000000000000000000000-0000000000000000-00", "00-" + new string('f', 32) + "-" + new string('f', 16) + "-ff",
            "application/json", "application/json; charset=\"", "application/json; charset=utf-7", "application/json; charset=nothing", "multipart/form-data",
                "multipart/form-data; boundary=", "multipart/form-data; boundary=\"",
            "multipart/form-data; boundary=" + new string('b', 500), "multipart/form-data; boundary=x", "application/x-www-form-urlencoded", "video/", "/",
                "text/plain; a=\"\\",
            "Thu, 01 Jan 1970 00:00:00 GMT", "Fri, 31 Dec 9999 23:59:60 GMT", "yesterday", "null", "http://", "https://[", "a=b; a=c; =; ;", "100-continue",
                "chunked", "deflate, br, zstd", "\t", "é",
        ]).Select(Encoding.Latin1.GetBytes),
        [0xFF, 0xFE], [0xC0, 0xAF], [0xED, 0xA0, 0x80], [0x7F],
    ];

    private static readonly string[] s_headers =
    [
        "Accept", "Accept-Encoding", "Access-Control-Request-Headers", "Access-Control-Request-Method", "Authorization", "Content-Encoding", "Content-Length",
            "Content-Type", "Cookie", "Expect", "If-Match",
        "If-Modified-Since", "If-None-Match", "If-Range", "If-Unmodified-Since", "Origin", "Range", "Referer", "traceparent", "tracestate", "Transfer-Encoding",
            "User-Agent", "X-Call-Id", "X-Forwarded-For", "X-Forwarded-Proto", "X-Origin-Verify",
    ];

    private static readonly byte[][] s_bodies =
    [
        .. ((string[])
        [
            "", "null", "true", "0", "\"\"", "[]", "[null]", "{", "}", "{}", "{\"\":0}", "\uFEFF{}", "{\"a\":1}{\"b\":2}", "// comment", "nul", new('[', 5000),
                string.Concat(Enumerable.Repeat("{\"a\":", 500)), "\0", "{\"size\":\"\\ud800\"}",
            "{\"size\":1e999}", "{\"size\":-1}", "{\"size\":0}", "{\"size\":9223372036854775807}", "{\"size\":9223372036854775808}", "{\"size\":1.5}",
                "{\"size\":null}", "{\"size\":1000,\"contentType\":\"\\u0000\"}", "{\"size\":1000,\"size\":-5}",
            "{\"parts\":null}", "{\"parts\":{}}", "{\"parts\":[null]}", "{\"parts\":[{}]}", "{\"parts\":[{\"number\":0,\"etag\":\"x\"}]}",
                "{\"parts\":[{\"number\":-1,\"etag\":\"\"}]}", "{\"parts\":[{\"number\":99999999999,\"etag\":\"x\"}]}",
            "{\"parts\":[{\"number\":1,\"etag\":\"\\r\\nX: y\"}]}", "{\"parts\":[{\"number\":1,\"etag\":\"x\"},{\"number\":1,\"etag\":\"x\"}]}",
                "{\"parts\":[{\"number\":1,\"etag\":\"\\udfff\"}]}",
            "{\"source\":null}", "{\"source\":\"\"}", "{\"source\":\"uploads/\"}", "{\"source\":\"uploads/../x\"}", "{\"source\":\"uploads/\\ud800\"}",
                "{\"source\":\"uploads/00000000-0000-0000-0000-000000000000\",\"callback\":\"http://\\u0000\"}",
            "{\"source\":\"uploads/3f0e0b52-6a33-4f0c-9a51-0c8a4a3c1a77\",\"title\":\"\\ud800\\u0000\"}", "{\"title\":\"\\ud800\"}", "{\"title\":null}",
                "--x\r\n", "--x--\r\n", "--x\r\nContent-Disposition: form-data\r\n\r\n",
        ]).Select(Encoding.UTF8.GetBytes),
        [0xFF, 0xFE, 0x00], [0x7B, 0x22, 0xC3, 0x22, 0x3A, 0x31, 0x7D],
    ];

    private readonly ConcurrentDictionary<string, bool> _queryParameters = new(StringComparer.Ordinal);

    /// <summary>The query parameters that the function asked for so far.</summary>
    public IEnumerable<string> QueryParameters => _queryParameters.Keys;

    /// <summary>Notes the names of the query parameters that the function asks for.</summary>
    public Action<IApplicationBuilder> Configure(Action<IApplicationBuilder> next) => app =>
    {
        app.Use((context, rest) =>
        {
            context.Features.Set<IQueryFeature>(new NotingQuery(context.Request.Query, _queryParameters));
            return rest(context);
        });
        next(app);
    };

    /// <summary>Sends all requests.</summary>
    /// <param name="address">Where the function listens.</param>
    /// <param name="routes">The function's routes.</param>
    /// <param name="parameters">A good value for each route parameter; others get <c>x</c>.</param>
    /// <param name="logins">Headers that let a request in: each is tried with each request.</param>
    /// <param name="cancellationToken">Ends the test.</param>
    /// <returns>How many requests were sent, and those that were answered with 5xx, or not at all.</returns>
    public async Task<(int Count, IReadOnlyList<string> Failures)> SendAsync(
        Uri address, IEnumerable<RouteEndpoint> routes, IReadOnlyDictionary<string, string> parameters, IReadOnlyList<string> logins,
            CancellationToken cancellationToken)
    {
        var endpoints = routes.SelectMany(
            route => route.Metadata.GetMetadata<HttpMethodMetadata>()!.HttpMethods.Select(method => (Method: method, route.RoutePattern))).ToList();
        var failures = new ConcurrentBag<string>();
        var count = 0;
        // What is read of the query shows only once a request is let in, and some of it only once another is there.
        for (var round = 0; round < 2; round++)
        {
            var known = QueryParameters.ToList();
            foreach (var (method, pattern) in endpoints)
            {
                foreach (var login in logins)
                    await SendOneAsync(Request(
                        method, PathOf(pattern, parameters) + (known.Count == 0 ? "" : "?" + string.Join('&', known.Select(name => name + "=1"))), login,
                        body: null));
            }
        }

        var requests = new ConcurrentQueue<byte[]>(endpoints.SelectMany(endpoint => RequestsOf(endpoint.Method, endpoint.RoutePattern, parameters, logins)));
        await Task.WhenAll(Enumerable.Range(0, 8).Select(async _ =>
        {
            using var connection = new Connection(address);
            while (requests.TryDequeue(out var request))
                await SendOneAsync(request, connection);
        }));
        return (count, [.. failures]);

        async Task SendOneAsync(byte[] request, Connection? over = null)
        {
            using var own = over is null ? new Connection(address) : null;
            Interlocked.Increment(ref count);
            var status = await (over ?? own!).StatusAsync(request, cancellationToken);
            if (status is null or >= 500)
                failures.Add($"{status}: {Encoding.Latin1.GetString(request)[..int.Min(request.Length, 600)]}");
        }
    }

    private IEnumerable<byte[]> RequestsOf(
        string method, Microsoft.AspNetCore.Routing.Patterns.RoutePattern pattern, IReadOnlyDictionary<string, string> parameters, IReadOnlyList<string> logins)
    {
        var path = PathOf(pattern, parameters);
        foreach (var login in logins)
        {
            foreach (var value in s_pathAndQueryValues)
            {
                foreach (var parameter in pattern.Parameters)
                    yield return Request(
                        method, PathOf(pattern, new Dictionary<string, string>(parameters) { [parameter.Name] = Encoding.Latin1.GetString(value) }), login,
                        body: null);
                foreach (var name in QueryParameters)
                {
                    var one = $"{name}={Encoding.Latin1.GetString(value)}";
                    yield return Request(method, $"{path}?{one}", login, body: null);
                    yield return Request(
                        method, $"{path}?{string.Join('&', QueryParameters.Where(other => other != name).Select(other => $"{other}=1800000000"))}&{one}&{one}",
                        login, body: null);
                }
            }
        }
        var entry = logins[0];
        foreach (var header in s_headers)
        {
            foreach (var value in s_headerValues)
            {
                var others = entry.StartsWith(header + ":", StringComparison.OrdinalIgnoreCase) ? "" : entry;
                yield return Request(method, path, $"{others}{header}: {Encoding.Latin1.GetString(value)}\r\n", body: null);
            }
        }
        if (method is "GET" or "HEAD")
            yield break;
        foreach (var body in s_bodies)
        {
            foreach (var type in (string[])["application/json", "multipart/form-data; boundary=x", "text/vtt", ""])
                yield return Request(method, path, entry + (type.Length == 0 ? "" : $"Content-Type: {type}\r\n"), body);
        }
    }

    private static string PathOf(Microsoft.AspNetCore.Routing.Patterns.RoutePattern pattern, IReadOnlyDictionary<string, string> parameters) =>
        "/" + string.Join('/', pattern.PathSegments.Select(segment => string.Concat(segment.Parts.Select(part => part switch
        {
            Microsoft.AspNetCore.Routing.Patterns.RoutePatternParameterPart parameter => parameters.GetValueOrDefault(parameter.Name, "x"),
            Microsoft.AspNetCore.Routing.Patterns.RoutePatternLiteralPart literal => literal.Content,
            Microsoft.AspNetCore.Routing.Patterns.RoutePatternSeparatorPart separator => separator.Content,
            _ => "",
        }))));

    private static byte[] Request(string method, string target, string headers, byte[]? body)
    {
        var length = body is null ? "" : string.Create(CultureInfo.InvariantCulture, $"Content-Length: {body.Length}\r\n");
        return [.. Encoding.Latin1.GetBytes($"{method} {target} HTTP/1.1\r\nHost: localhost\r\n{headers}{length}\r\n"), .. body ?? []];
    }

    /// <summary>A connection that is used again as long as the server keeps it: there are more requests than ports.</summary>
    private sealed class Connection(Uri address) : IDisposable
    {
        private static readonly string[] s_framing = ["Content-Length:", "Transfer-Encoding:", "Expect:"];
        private Socket? _socket;
        private HttpMessageReader? _answers;

        /// <summary>Sends a request and returns the status of the answer; 0 where the server hung up, null where it said nothing in a minute.</summary>
        public async Task<int?> StatusAsync(byte[] request, CancellationToken cancellationToken)
        {
            using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
            limit.CancelAfter(TimeSpan.FromMinutes(1));
            var text = Encoding.Latin1.GetString(request);
            var isLast = s_framing.Any(name => text.Contains(name, StringComparison.Ordinal)); // what may leave the server waiting for more
            var isFirst = _socket is null;
            try
            {
                if (isFirst)
                {
                    _socket = new(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
                    await _socket.ConnectAsync(address.Host, address.Port, limit.Token);
                    _answers = new(_socket);
                }
                await _socket!.SendAsync(request, SocketFlags.None, limit.Token);
                if (isLast)
                    _socket.Shutdown(SocketShutdown.Send);
                var head = await _answers!.ReadHeadAsync(limit.Token);
                if (head?.Words[1] == "100")
                    head = await _answers.ReadHeadAsync(limit.Token);
                if (head is null)
                {
                    Dispose();
                    return isFirst ? 0 : await StatusAsync(request, cancellationToken); // closed while it was idle
                }
                var status = int.Parse(head.Words[1], CultureInfo.InvariantCulture);
                if (isLast || head["connection"] == "close" || text.StartsWith("HEAD", StringComparison.Ordinal))
                    Dispose();
                else
                    await _answers.CopyBodyAsync(head, status is not (204 or 304), _ => ValueTask.CompletedTask, limit.Token);
                return status;
            }
            catch (Exception e) when (e is SocketException or IOException)
            {
                Dispose();
                return isFirst ? 0 : await StatusAsync(request, cancellationToken);
            }
            catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
            {
                Dispose();
                return null;
            }
        }

        public void Dispose()
        {
            _socket?.Dispose();
            (_socket, _answers) = (null, null);
        }
    }

    private sealed class NotingQuery(IQueryCollection query, ConcurrentDictionary<string, bool> names) : IQueryFeature, IQueryCollection
    {
        public IQueryCollection Query { get => this; set => throw new NotSupportedException(); }

        public int Count => query.Count;

        public ICollection<string> Keys => query.Keys;

        public StringValues this[string key] => Note(key)[key];

        public bool ContainsKey(string key) => Note(key).ContainsKey(key);

        public bool TryGetValue(string key, [MaybeNullWhen(false)] out StringValues value) => Note(key).TryGetValue(key, out value);

        public IEnumerator<KeyValuePair<string, StringValues>> GetEnumerator() => query.GetEnumerator();

        System.Collections.IEnumerator System.Collections.IEnumerable.GetEnumerator() => GetEnumerator();

        private IQueryCollection Note(string key)
        {
            names[key] = true;
            return query;
        }
    }
}
