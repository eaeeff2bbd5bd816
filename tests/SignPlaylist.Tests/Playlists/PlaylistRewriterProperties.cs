using System.Text;
using FsCheck;
using FsCheck.Fluent;

namespace SignPlaylist.Tests.Playlists;

public sealed class PlaylistRewriterProperties
{
    /// <summary>Pieces that lines are made of: what matters to the rewriter, in every wrong place as well.</summary>
    private static readonly string[] s_pieces =
    [
        "#EXT-X-STREAM-INF:", "#EXT-X-MEDIA:", "#EXT-X-MAP:", "#EXT-X-KEY:", "#EXT-X-PART:", "#EXT-X-UNKNOWN:",
        "#EXTINF:6,", "#EXT", "#", ":", "URI=", "NAME=", "\"", ",", "=",
        "URI=\"a.ts\"", "URI=\"low/playlist.m3u8\"", "URI=\"https://elsewhere.example/a\"", "URI=\"data:,x\"",
        "BANDWIDTH=1", "00000.ts", "a/b.m4s", "../up.ts", "../../../out.ts", "./x",
        "https://cdn.example/videos/3f0e0b52-6a33-4f0c-9a51-0c8a4a3c1a77/a.ts", "//cdn.example/", "/videos/",
        "%2e%2e/", "%2f", "\\", "?q=1", "&", "#frag", " ", "\t", "é", "\u2028", "\0", "$", "{",
    ];

    private static readonly Gen<string> s_line =
        from pieces in Gen.Elements(s_pieces).ListOf()
        from end in Gen.Elements("\n", "\n", "\n", "\r\n", "\n\n", "\r")
        select string.Concat(pieces.Take(6)) + end;

    private static readonly Gen<byte[]> s_playlist =
        from mark in Gen.Elements("", "\uFEFF")
        from lines in s_line.ListOf()
        from trimmed in Gen.Elements(true, false)
        let text = mark + "#EXTM3U\n" + string.Concat(lines)
        where !text.Contains("{$", StringComparison.Ordinal)
        select Encoding.UTF8.GetBytes(trimmed ? text.TrimEnd('\n') : text);

    [Fact]
    public void Without_what_was_added_the_playlist_is_what_it_was() =>
        Check.One(Config.QuickThrowOnFailure.WithMaxTest(3000), Prop.ForAll(s_playlist.ToArbitrary(), playlist =>
        {
            var rewritten = PlaylistRewriterTests.Rewrite(playlist, edge: true);
            return WithoutQueries(rewritten).AsSpan().SequenceEqual(playlist);
        }));

    [Fact]
    public void Random_bytes_are_rewritten_without_a_fault_and_keep_their_lines() =>
        Check.One(Config.QuickThrowOnFailure.WithMaxTest(3000), Prop.ForAll(ArbMap.Default.ArbFor<byte[]>(), bytes =>
        {
            var playlist = Encoding.UTF8.GetBytes("#EXTM3U\n" + Encoding.Latin1.GetString(bytes));
            if (playlist.AsSpan().IndexOf("{$"u8) >= 0)
                return true;
            var rewritten = PlaylistRewriterTests.RewriteBytes(playlist, edge: false);
            return rewritten.AsSpan().Count((byte)'\n') == playlist.AsSpan().Count((byte)'\n');
        }));

    private static byte[] WithoutQueries(string rewritten)
    {
        var (tail, signature) = (PlaylistRewriterTests.EdgeTail, PlaylistRewriterTests.Signature);
        foreach (var added in new[] { $"?{tail}&{signature}", $"&{tail}&{signature}", $"?{signature}", $"&{signature}" })
            rewritten = rewritten.Replace(added, "", StringComparison.Ordinal);
        return Encoding.UTF8.GetBytes(rewritten);
    }
}
