using System.Buffers;
using System.Diagnostics.CodeAnalysis;

namespace Reelseal.Local.Edge.Signing;

/// <summary>
/// Base64 with the three characters that a query cannot contain replaced: <c>+</c> by <c>-</c>, <c>=</c> by <c>_</c>,
/// <c>/</c> by <c>~</c>. It is not base64url.
/// </summary>
internal static class CloudFrontBase64
{
    private static readonly SearchValues<char> s_foreign = SearchValues.Create("+=/ \t\r\n");

    public static bool TryDecode(string text, [NotNullWhen(true)] out byte[]? bytes)
    {
        bytes = null;
        if (text.AsSpan().ContainsAny(s_foreign))
            return false;
        var plain = text.Replace('-', '+').Replace('_', '=').Replace('~', '/');
        var buffer = new byte[plain.Length];
        if (!Convert.TryFromBase64String(plain, buffer, out var length))
            return false;
        bytes = buffer[..length];
        return true;
    }
}
