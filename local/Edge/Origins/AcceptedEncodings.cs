namespace Reelseal.Local.Edge.Origins;

/// <summary>
/// What is left of <c>Accept-Encoding</c> when the cache policy keeps gzip and Brotli apart: <c>br,gzip</c>, <c>br</c>, <c>gzip</c> or nothing.
/// </summary>
internal static class AcceptedEncodings
{
    private static readonly string[] s_kept = ["br", "gzip"];

    public static string Of(HttpRequest request)
    {
        var accepted = request.GetTypedHeaders().AcceptEncoding;
        var names = accepted.Where(encoding => encoding.Quality is (null or > 0)).Select(encoding => encoding.Value.ToString());
        return string.Join(',', s_kept.Where(name => names.Contains(name, StringComparer.OrdinalIgnoreCase)));
    }
}
