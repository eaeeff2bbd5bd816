using System.Buffers;
using System.Text;
using SignPlaylist.CloudFront;

namespace SignPlaylist.Playlists;

/// <summary>Signs the URIs of a playlist. Bytes in, bytes out: what is not a URI is copied as it stands.</summary>
internal sealed class PlaylistRewriter(Playlist playlist, Distribution distribution, Delivery delivery)
{
    /// <summary>Lines in one step: some 50 KB of output, about what a connection takes at once.</summary>
    private const int StepLines = 128;

    private readonly PlaylistKey _key = playlist.Key;
    private readonly byte[] _folder = Encoding.ASCII.GetBytes(distribution.UrlOf(playlist.Key.Folder));
    private PlaylistVariables? _variables;
    private int _position;
    private int _line;
    private bool _variantFollows; // the next URI line belongs to an EXT-X-STREAM-INF

    private static ReadOnlySpan<byte> WhiteSpace => " \t\r\n"u8;

    /// <summary>How many URIs were signed so far.</summary>
    public int UriCount { get; private set; }

    /// <summary>The URIs of the video that could not be signed so far.</summary>
    public UnsignedUris Unsigned { get; private set; }

    /// <summary>Writes the next lines.</summary>
    /// <returns>False when these were the last.</returns>
    /// <exception cref="PlaylistException">The playlist cannot be signed; this shows on every rewriting of it, also on the first, for trial.</exception>
    public bool RewriteNext(IBufferWriter<byte> output)
    {
        ReadOnlySpan<byte> text = playlist.Content;
        if (_position == 0)
        {
            _position = Playlist.ByteOrderMarkLength(text);
            output.Write(text[.._position]);
        }
        for (var lines = 0; lines < StepLines && _position < text.Length; lines++)
        {
            var rest = text[_position..];
            var end = rest.IndexOf((byte)'\n');
            var line = end < 0 ? rest : rest[..(end + 1)];
            _line++;
            RewriteLine(line, output);
            _position += line.Length;
        }
        return _position < text.Length;
    }

    private void RewriteLine(ReadOnlySpan<byte> line, IBufferWriter<byte> output)
    {
        var content = line.Trim(WhiteSpace);
        if (content is [] or [(byte)'#', ..])
        {
            if (!content.StartsWith("#EXT"u8))
            {
                output.Write(line);
                return;
            }
            RewriteTag(line, output);
            _variantFollows |= content.StartsWith(PlaylistTags.StreamInf);
        }
        else
        {
            var indent = line.Length - line.TrimStart(WhiteSpace).Length;
            output.Write(line[..indent]);
            RewriteUri(content, _variantFollows ? Target.Playlist : Target.Media, output);
            output.Write(line[(indent + content.Length)..]);
            _variantFollows = false;
        }
    }

    private void RewriteTag(ReadOnlySpan<byte> line, IBufferWriter<byte> output)
    {
        var start = line.IndexOf((byte)'#') + 1;
        var colon = line.IndexOf((byte)':');
        var written = 0;
        // EXTINF, the most frequent, has no attributes; a title after it may look like some.
        if (colon >= start && !line[start..].StartsWith("EXTINF:"u8))
        {
            var tag = line[start..colon];
            var list = line[(colon + 1)..];
            if (tag.SequenceEqual(PlaylistTags.Define))
                (_variables ??= new()).Define(list, _line);
            var attributes = new AttributeList(list);
            while (attributes.MoveNext())
            {
                var target = attributes.IsQuoted ? PlaylistTags.TargetOf(tag, attributes.Name) : Target.None;
                if (target == Target.None)
                    continue;
                var (offset, length) = attributes.Value.GetOffsetAndLength(list.Length);
                offset += colon + 1;
                output.Write(line[written..offset]);
                RewriteUri(line.Slice(offset, length), target, output);
                written = offset + length;
            }
        }
        output.Write(line[written..]);
    }

    private void RewriteUri(ReadOnlySpan<byte> uri, Target target, IBufferWriter<byte> output)
    {
        var authored = uri;
        uri = WithoutFragment(authored);
        var address = uri; // the same with its variables replaced, which is what clients ask for
        if (PlaylistVariables.AreIn(uri))
        {
            address = (_variables ??= new()).Substitute(uri, _line);
            if (address.Contains((byte)'#'))
            {
                // The query belongs before a fragment that is hidden in a variable, so the author's text cannot stay.
                authored = _variables.Substitute(authored, _line);
                address = uri = WithoutFragment(authored);
            }
        }
        var resolved = PlaylistUri.Resolve(address, _key, distribution);
        if (!resolved.IsOurs)
        {
            if (resolved.Problem is { } problem)
                Unsigned = Unsigned.Count == 0 ? new(1, _line, problem) : Unsigned with { Count = Unsigned.Count + 1 };
            output.Write(authored);
            return;
        }
        UriCount++;
        var leadsToPlaylist = target == Target.Playlist || (target == Target.ByPath && LeadsToPlaylist(address));
        var separator = WriteUri(uri, address, resolved, leadsToPlaylist, output);
        if (leadsToPlaylist && !delivery.PlaylistQuery.IsEmpty)
            separator = Write(separator, delivery.PlaylistQuery.Span, output);
        if (!leadsToPlaylist || delivery.ViaCloudFront)
            Write(separator, delivery.SignUrl is null ? delivery.Signature.Span : SignOne(address, resolved.Path, target, leadsToPlaylist), output);
        output.Write(authored[uri.Length..]);
    }

    /// <summary>Writes the URI without what is added to it.</summary>
    /// <returns>What separates that: <c>?</c>, <c>&amp;</c>, or 0 after a bare question mark.</returns>
    private byte WriteUri(ReadOnlySpan<byte> uri, ReadOnlySpan<byte> address, PlaylistUri resolved, bool leadsToPlaylist, IBufferWriter<byte> output)
    {
        // The author's text stays wherever it leads clients to the right place, and, where each URL has its own signature, all clients to the same.
        if (delivery.ViaCloudFront ? resolved.IsVerbatim || delivery.SignUrl is null : leadsToPlaylist && resolved.IsRelative)
        {
            output.Write(uri);
            return SeparatorAfter(address);
        }
        if (resolved.Path is not { } path)
        {
            output.Write(_folder);
            output.Write(address);
            return SeparatorAfter(address);
        }
        if (delivery.ViaCloudFront)
        {
            path = "/" + path;
        }
        else if (leadsToPlaylist)
        {
            // Named by more than a relative path: back to the gateway by way of the video's folder.
            var video = Distribution.FolderOf(_key.Video).Length - 1;
            path = string.Concat(Enumerable.Repeat("../", _key.Folder.AsSpan(video).Count('/'))) + path[video..];
        }
        else
        {
            path = distribution.UrlOf(path);
        }
        var bytes = Encoding.ASCII.GetBytes(path);
        output.Write(bytes);
        return SeparatorAfter(bytes);
    }

    private byte[] SignOne(ReadOnlySpan<byte> address, string? path, Target target, bool leadsToPlaylist)
    {
        var url = distribution.UrlOf(path ?? _key.Folder + Encoding.ASCII.GetString(address));
        if (target == Target.ByPath)
            return Encoding.ASCII.GetBytes(delivery.SignPrefix!(url.Split('?')[0]));
        if (leadsToPlaylist && !delivery.PlaylistQuery.IsEmpty)
            url += (url.Contains('?', StringComparison.Ordinal) ? '&' : '?') + Encoding.ASCII.GetString(delivery.PlaylistQuery.Span);
        return Encoding.ASCII.GetBytes(delivery.SignUrl!(url));
    }

    private static ReadOnlySpan<byte> WithoutFragment(ReadOnlySpan<byte> uri) => uri.IndexOf((byte)'#') is >= 0 and var hash ? uri[..hash] : uri;

    private static bool LeadsToPlaylist(ReadOnlySpan<byte> address)
    {
        var mark = address.IndexOf((byte)'?');
        return (mark < 0 ? address : address[..mark]).EndsWith(".m3u8"u8);
    }

    private static byte SeparatorAfter(ReadOnlySpan<byte> address) => address.IndexOf((byte)'?') switch
    {
        < 0 => (byte)'?',
        var mark when mark == address.Length - 1 => 0,
        _ => (byte)'&',
    };

    /// <returns>What separates the next parameters.</returns>
    private static byte Write(byte separator, ReadOnlySpan<byte> query, IBufferWriter<byte> output)
    {
        if (separator != 0)
            output.Write([separator]);
        output.Write(query);
        return (byte)'&';
    }
}
