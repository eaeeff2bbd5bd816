using System.Buffers;
using System.Text;
using Reelseal;
using SignPlaylist.CloudFront;

namespace SignPlaylist.Playlists;

/// <summary>Signs the URIs of a playlist. Bytes in, bytes out: what is not a URI is copied as it stands.</summary>
internal sealed class PlaylistRewriter(PlaylistKey playlist, Distribution distribution, Delivery delivery)
{
    private static ReadOnlySpan<byte> WhiteSpace => " \t\r\n"u8;

    private readonly byte[] _folder = Encoding.ASCII.GetBytes(distribution.UrlOf(playlist.Folder));

    /// <exception cref="UpstreamException">A URI holds a variable of EXT-X-DEFINE, so that we cannot know what we would sign.</exception>
    public void Rewrite(ReadOnlySpan<byte> text, IBufferWriter<byte> output)
    {
        var mark = Playlist.ByteOrderMarkLength(text);
        output.Write(text[..mark]);
        text = text[mark..];

        var variantFollows = false; // the next URI line belongs to an EXT-X-STREAM-INF
        var number = 0;
        while (!text.IsEmpty)
        {
            number++;
            var end = text.IndexOf((byte)'\n');
            var line = end < 0 ? text : text[..(end + 1)];
            var content = line.Trim(WhiteSpace);
            if (content is [] or [(byte)'#', ..])
            {
                if (content.StartsWith("#EXT"u8))
                {
                    RewriteTag(line, number, output);
                    variantFollows |= content.StartsWith(PlaylistTags.StreamInf);
                }
                else
                {
                    output.Write(line);
                }
            }
            else
            {
                var indent = line.Length - line.TrimStart(WhiteSpace).Length;
                output.Write(line[..indent]);
                RewriteUri(content, variantFollows ? Target.Playlist : Target.Media, number, output);
                output.Write(line[(indent + content.Length)..]);
                variantFollows = false;
            }
            text = text[line.Length..];
        }
    }

    private void RewriteTag(ReadOnlySpan<byte> line, int number, IBufferWriter<byte> output)
    {
        var start = line.IndexOf((byte)'#') + 1;
        var colon = line.IndexOf((byte)':');
        var target = colon < start ? Target.None : PlaylistTags.TargetOf(line[start..colon]);
        if (target != Target.None)
        {
            var list = line[(colon + 1)..];
            var attributes = new AttributeList(list);
            while (attributes.MoveNext())
            {
                if (!attributes.IsQuoted || !attributes.Name.SequenceEqual("URI"u8))
                    continue;
                var (offset, length) = attributes.Value.GetOffsetAndLength(list.Length);
                output.Write(line[..(colon + 1 + offset)]);
                RewriteUri(list[attributes.Value], target, number, output);
                output.Write(list[(offset + length)..]);
                return;
            }
        }
        output.Write(line);
    }

    private void RewriteUri(ReadOnlySpan<byte> uri, Target target, int number, IBufferWriter<byte> output)
    {
        if (uri.IndexOf("{$"u8) >= 0)
            throw new UpstreamException($"Line {number} of the stored playlist has a URI with a variable (EXT-X-DEFINE), which cannot be signed.", timedOut: false);
        var hash = uri.IndexOf((byte)'#');
        var address = hash < 0 ? uri : uri[..hash];
        var resolved = PlaylistUri.Resolve(address, playlist, distribution);
        if (!resolved.IsOurs)
        {
            output.Write(uri);
            return;
        }

        WriteUri(address, resolved, target, output);
        var separator = address.Contains((byte)'?') ? (byte)'&' : (byte)'?';
        if (target == Target.Playlist && !delivery.PlaylistQuery.IsEmpty)
        {
            Write(separator, delivery.PlaylistQuery.Span, output);
            separator = (byte)'&';
        }
        if (target == Target.Media || delivery.ViaCloudFront)
            Write(separator, delivery.SignUrl is null ? delivery.Signature.Span : SignOne(address, resolved.Path, target), output);
        output.Write(uri[address.Length..]);
    }

    /// <summary>Writes the URI without what is added to it.</summary>
    private void WriteUri(ReadOnlySpan<byte> uri, PlaylistUri resolved, Target target, IBufferWriter<byte> output)
    {
        if (delivery.ViaCloudFront || (target == Target.Playlist && resolved.IsRelative))
        {
            output.Write(uri);
        }
        else if (target == Target.Playlist)
        {
            // Named by more than a relative path: back to the gateway by way of the video's folder.
            var video = Distribution.FolderOf(playlist.Video).Length - 1;
            var depth = playlist.Folder.AsSpan(video).Count('/');
            output.Write(Encoding.UTF8.GetBytes(string.Concat(Enumerable.Repeat("../", depth)) + resolved.Path![video..]));
        }
        else if (resolved.Path is { } path)
        {
            output.Write(Encoding.UTF8.GetBytes(distribution.UrlOf(path)));
        }
        else
        {
            output.Write(_folder);
            output.Write(uri);
        }
    }

    private byte[] SignOne(ReadOnlySpan<byte> address, string? path, Target target)
    {
        var url = distribution.UrlOf(path ?? playlist.Folder + Encoding.UTF8.GetString(address));
        if (target == Target.Playlist && !delivery.PlaylistQuery.IsEmpty)
            url += (url.Contains('?', StringComparison.Ordinal) ? '&' : '?') + Encoding.ASCII.GetString(delivery.PlaylistQuery.Span);
        return Encoding.ASCII.GetBytes(delivery.SignUrl!(url));
    }

    private static void Write(byte separator, ReadOnlySpan<byte> query, IBufferWriter<byte> output)
    {
        output.Write([separator]);
        output.Write(query);
    }
}
