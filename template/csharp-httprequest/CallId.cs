using System.Buffers;

namespace Root;

/// <summary>The id that the gateway gives each call: <c>X-Call-Id</c>.</summary>
internal static class CallId
{
    private const int Longest = 64;
    private static readonly SearchValues<char> s_allowed = SearchValues.Create("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz-_.");

    /// <summary>The id of a call, or null. A client can send its own, so only text that does no harm in a log counts.</summary>
    public static string? Of(HttpRequest request)
    {
        var callId = request.Headers["X-Call-Id"].ToString();
        return callId.Length is 0 or > Longest || callId.AsSpan().ContainsAnyExcept(s_allowed) ? null : callId;
    }
}
