using System.Buffers;
using System.Text;

namespace SignPlaylist.Playlists;

/// <summary>The variables that a playlist defines with <c>EXT-X-DEFINE</c>, to find where a URI leads (rfc8216bis, sections 4.3 and 4.4.2.3).</summary>
internal sealed class PlaylistVariables
{
    private const int MaxUriBytes = 8192; // CloudFront's limit for a URL

    private static readonly SearchValues<byte> s_name = SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"u8);

    private readonly Dictionary<string, byte[]> _values = new(StringComparer.Ordinal);

    private static ReadOnlySpan<byte> Opening => "{$"u8;

    /// <summary>Returns whether a text may hold a reference to a variable.</summary>
    public static bool AreIn(ReadOnlySpan<byte> text) => text.IndexOf(Opening) >= 0;

    /// <summary>Reads the attributes of an <c>EXT-X-DEFINE</c>.</summary>
    /// <exception cref="PlaylistException">The value comes from outside of the playlist, or the name is defined twice.</exception>
    public void Define(ReadOnlySpan<byte> attributeList, int line)
    {
        string? name = null;
        byte[]? value = null;
        var attributes = new AttributeList(attributeList);
        while (attributes.MoveNext())
        {
            if (attributes.Name.SequenceEqual("IMPORT"u8) || attributes.Name.SequenceEqual("QUERYPARAM"u8))
                throw new PlaylistException(
                    $"Line {line} of the stored playlist defines a variable with {Encoding.ASCII.GetString(attributes.Name)}, "
                    + "which cannot be signed: use NAME and VALUE.");
            if (!attributes.IsQuoted)
                continue;
            if (attributes.Name.SequenceEqual("NAME"u8))
                name = Encoding.UTF8.GetString(attributeList[attributes.Value]);
            else if (attributes.Name.SequenceEqual("VALUE"u8))
                value = Substitute(attributeList[attributes.Value], line);
        }
        if (name is not null && value is not null && !_values.TryAdd(name, value))
            throw new PlaylistException($"Line {line} of the stored playlist defines a variable that is already defined.");
    }

    /// <summary>Replaces each <c>{$name}</c> by its value. The values are not searched again.</summary>
    /// <exception cref="PlaylistException">No line before this one defines the variable, or the result is longer than a URL may be.</exception>
    public byte[] Substitute(ReadOnlySpan<byte> text, int line)
    {
        var result = new ArrayBufferWriter<byte>(int.Max(text.Length, 1));
        while (!text.IsEmpty)
        {
            var opening = text.IndexOf(Opening);
            if (opening < 0)
                break;
            result.Write(text[..opening]);
            text = text[opening..];
            var length = text[Opening.Length..].IndexOfAnyExcept(s_name);
            if (length < 1 || text[Opening.Length + length] != (byte)'}')
            {
                result.Write(Opening); // not a reference, but two characters
                text = text[Opening.Length..];
                continue;
            }
            if (!_values.TryGetValue(Encoding.ASCII.GetString(text.Slice(Opening.Length, length)), out var value))
                throw new PlaylistException($"Line {line} of the stored playlist uses a variable that no EXT-X-DEFINE before it defines.");
            result.Write(value);
            text = text[(Opening.Length + length + 1)..];
            if (result.WrittenCount > MaxUriBytes)
                throw new PlaylistException($"Line {line} of the stored playlist is longer than {MaxUriBytes} bytes once its variables are replaced.");
        }
        result.Write(text);
        return result.WrittenSpan.ToArray();
    }
}
