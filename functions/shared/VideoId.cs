using System.Buffers;
using System.Diagnostics.CodeAnalysis;

namespace Reelseal;

/// <summary>The id of a video: a UUID, which as text is lower case with hyphens, because object keys and URL paths are compared byte for byte.</summary>
public readonly record struct VideoId(Guid Value) : IParsable<VideoId>
{
    /// <summary>The number of characters of an id as text.</summary>
    public const int TextLength = 36;

    private static readonly SearchValues<char> s_characters = SearchValues.Create("0123456789abcdefABCDEF-");

    public static VideoId New() => new(Guid.NewGuid());

    /// <summary>
    /// Reads an id in its canonical form only; <c>X-Call-Id</c>, which a client may send in upper case, goes through <see cref="FromCallId"/>.
    /// </summary>
    public static bool TryParse([NotNullWhen(true)] string? s, IFormatProvider? provider, out VideoId result)
    {
        result = default;
        if (s.AsSpan().ContainsAnyInRange('A', 'F') || FromCallId(s) is not { } id)
            return false;
        result = id;
        return true;
    }

    public static VideoId Parse(string s, IFormatProvider? provider) =>
        TryParse(s, provider, out var id) ? id : throw new FormatException("A video id is a UUID in lower case with hyphens.");

    /// <summary>The id that the header <c>X-Call-Id</c> of the OpenFaaS gateway stands for, or null where it holds no UUID.</summary>
    public static VideoId? FromCallId(string? callId)
    {
        // The parser also takes white space around it, and "+" or "0x" in front of a group.
        if (callId is not { Length: TextLength } || callId.AsSpan().ContainsAnyExcept(s_characters) || !Guid.TryParseExact(callId, "D", out var value))
            return null;
        return new(value);
    }

    public override string ToString() => Value.ToString("D");
}
