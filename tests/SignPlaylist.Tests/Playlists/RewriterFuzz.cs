using System.Text;
using System.Text.RegularExpressions;
using Reelseal.Testing;
using SignPlaylist.Playlists;

namespace SignPlaylist.Tests.Playlists;

/// <summary>Playlists that are almost right: whatever stands in one, nothing but its video's objects is signed, and nothing else is changed.</summary>
public sealed class RewriterFuzz
{
    private const string Video = "3f0e0b52-6a33-4f0c-9a51-0c8a4a3c1a77";

    private static readonly Fuzzer s_fuzzer = new(
        [
            .. ((string[])[
                "#EXTM3U\n#EXT-X-VERSION:7\n#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID=\"a\",NAME=\"English, US\",URI=\"audio/playlist.m3u8\"\n"
                + "#EXT-X-STREAM-INF:BANDWIDTH=1280000,CODECS=\"avc1.4d401e,mp4a.40.2\",AUDIO=\"a\"\na1/720p/playlist.m3u8\n"
                + "#EXT-X-I-FRAME-STREAM-INF:URI=\"iframes/playlist.m3u8\"\n",
                "#EXTM3U\r\n#EXT-X-MAP:URI=\"init.mp4\",BYTERANGE=\"720@0\"\r\n"
                + $"#EXT-X-KEY:METHOD=AES-128,URI=\"https://cdn.example/videos/{Video}/key\",IV=0x01\r\n"
                + "#EXTINF:6.006,title\u2028x\r\n00000.m4s?v=1#t\r\n../../x.ts\r\n",
                "\uFEFF#EXTM3U\n#EXT-X-PART:DURATION=1,URI=\"p.mp4\"\n#EXT-X-SESSION-KEY:URI=\"skd://x\"\n"
                + $"#EXTINF:1,\nhttps://elsewhere.example/a.ts\n//cdn.example/videos/x\n/videos/{Video}/b.ts\n./c.ts",
            ]).Select(Encoding.UTF8.GetBytes),
        ],
        [
            .. ((string[])
            [
                "URI=\"", "\"", ",", "=", "#EXT-X-MAP:", "#EXT-X-STREAM-INF:", "#EXT", "\n", "\r\n", "../", "..", "./", "%2e", "%2E%2e/", "%2f", "%5c", "\\",
                "//", "https:", "data:", "javascript:", "://", "@", "?", "#", "{$", "\t", "\0", " ", "é", "\u2028", "cdn.example", ":443", ":80",
                "/videos/", Video, "7b2c9d1e-0000-4000-8000-000000000001",
            ]).Select(Encoding.UTF8.GetBytes), [0xC3], [0xED, 0xA0, 0x80], [0xFF],
        ]);

    [Fact(Timeout = 300_000)]
    public void Playlists_short() => s_fuzzer.Run(Check);

    [Fact(Timeout = 3_600_000)]
    [Trait("Category", "Soak")]
    public void Playlists_long() => s_fuzzer.RunLong(Check);

    [Fact(Timeout = 300_000)]
    public void Attributes_short() => s_fuzzer.Run(CheckAttributes);

    [Fact(Timeout = 3_600_000)]
    [Trait("Category", "Soak")]
    public void Attributes_long() => s_fuzzer.RunLong(CheckAttributes);

    private static void Check(byte[] input)
    {
        foreach (var edge in (bool[])[true, false])
        {
            byte[] output;
            try
            {
                output = PlaylistRewriterTests.RewriteBytes(input, edge);
            }
            catch (PlaylistException)
            {
                continue; // no playlist any more, or one with variables that nobody defines
            }
            if (edge && WithoutEmptyQueries(WithoutQueries(output)) != WithoutEmptyQueries(input))
                throw new InvalidOperationException("More was changed than was signed.");
            foreach (var uri in SignedUris(output))
                CheckIsOurs(uri);
        }
    }

    /// <summary>What stands before each signature, back to where the URI may begin at the earliest: a line end, or a quote.</summary>
    private static IEnumerable<string> SignedUris(byte[] output)
    {
        var text = Encoding.Latin1.GetString(output);
        int Next(int from) => text.IndexOf(PlaylistRewriterTests.Signature, from, StringComparison.Ordinal);
        for (var at = Next(0); at >= 0; at = Next(at + 1))
        {
            var line = text.LastIndexOf('\n', at) + 1;
            var start = text[line..].TrimStart(' ', '\t', '\r').StartsWith("#EXT", StringComparison.Ordinal) ? text.LastIndexOf('"', at) + 1 : line;
            yield return text[start..at].Trim(' ', '\t', '\r');
        }
    }

    /// <summary>As a browser reads it (URL Standard): tabs and line ends are dropped, a backslash is a slash, dots may be escaped.</summary>
    private static void CheckIsOurs(string uri)
    {
        var read = uri.Replace("\t", "", StringComparison.Ordinal).Replace("\r", "", StringComparison.Ordinal).Split('?', '#')[0].Replace('\\', '/');
        var resolved = new Uri(new Uri($"https://cdn.example/videos/{Video}/a1/720p/playlist.m3u8"), read);
        resolved = new Uri(resolved, resolved.AbsolutePath
            .Replace("%2e", ".", StringComparison.OrdinalIgnoreCase)
            .Replace("%2f", "/", StringComparison.OrdinalIgnoreCase)
            .Replace("%5c", "/", StringComparison.OrdinalIgnoreCase));
        if (resolved.GetLeftPart(UriPartial.Authority) != "https://cdn.example"
            || !resolved.AbsolutePath.StartsWith($"/videos/{Video}/", StringComparison.Ordinal))
            throw new InvalidOperationException($"Signed: {uri}, which leads to {resolved}.");
    }

    private static byte[] WithoutQueries(byte[] rewritten)
    {
        var text = Encoding.Latin1.GetString(rewritten);
        var (tail, signature) = (PlaylistRewriterTests.EdgeTail, PlaylistRewriterTests.Signature);
        foreach (var added in new[] { $"?{tail}&{signature}", $"&{tail}&{signature}", $"?{signature}", $"&{signature}" })
            text = text.Replace(added, "", StringComparison.Ordinal);
        return Encoding.Latin1.GetBytes(text);
    }

    /// <summary>A question mark that was the end of a URI is where its query begins: afterwards nobody can tell it from one that was added.</summary>
    private static string WithoutEmptyQueries(byte[] playlist) =>
        Regex.Replace(Encoding.Latin1.GetString(playlist), """\?(?=[\s"#]|$)""", "", RegexOptions.None, TimeSpan.FromSeconds(10));

    private static void CheckAttributes(byte[] input)
    {
        var attributes = new AttributeList(input);
        var end = 0;
        while (attributes.MoveNext())
        {
            var (offset, length) = attributes.Value.GetOffsetAndLength(input.Length);
            if (attributes.Name.IsEmpty
                || offset <= end
                || (attributes.IsQuoted && (input[offset - 1] != '"' || input[offset + length] != '"' || input.AsSpan(offset, length).Contains((byte)'"'))))
                throw new InvalidOperationException($"There is no attribute at {offset}.");
            end = offset + length;
        }
    }
}
