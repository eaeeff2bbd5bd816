using IngestVideo.Chunks;
using Reelseal.Testing;

namespace IngestVideo.Tests.Chunks;

/// <summary>Segments of what ffmpeg has cut, while it cuts.</summary>
public sealed class PieceJoinerTests : IDisposable
{
    private readonly TemporaryDirectory _folder = new();
    private readonly PieceJoiner _joiner;

    // Beside a copy: pieces are counted from the first one of the video, and so are segments.
    public PieceJoinerTests() =>
        _joiner = new(_folder.Path, [("00002.ts", ["00004.ts", "00005.ts"]), ("00003.ts", ["00006.ts"]), ("00004.ts", ["00007.ts", "00008.ts"])]);

    [Fact]
    public void A_segment_is_complete_with_its_last_piece_and_the_last_one_when_ffmpeg_has_ended()
    {
        Cut(4);
        Assert.Empty(_joiner.Join(hasEnded: false));
        Cut(5);
        Assert.Equal(["00002.ts"], _joiner.Join(hasEnded: false));
        Assert.Empty(_joiner.Join(hasEnded: false));
        Cut(6, 7, 8);
        Assert.Equal(["00003.ts"], _joiner.Join(hasEnded: false));
        Assert.Equal(["00004.ts"], _joiner.Join(hasEnded: true));

        Assert.Equal(
            [("00002.ts", "4 5 "), ("00003.ts", "6 "), ("00004.ts", "7 8 ")],
            Directory.GetFiles(_folder.Path).Order(StringComparer.Ordinal).Select(path => (Path.GetFileName(path), File.ReadAllText(path))));
    }

    [Fact]
    public void A_piece_that_is_missing_at_the_end_is_an_error()
    {
        Cut(4, 5, 6, 8);
        Assert.Equal(["00002.ts", "00003.ts"], _joiner.Join(hasEnded: false));
        var mismatch = Assert.Throws<ChunkMismatchException>(() => _joiner.Join(hasEnded: true));
        Assert.Contains("00007.ts", mismatch.Message, StringComparison.Ordinal);
    }

    public void Dispose() => _folder.Dispose();

    private void Cut(params int[] pieces)
    {
        foreach (var piece in pieces)
            File.WriteAllText(Path.Combine(_folder.Path, $"{piece:00000}.ts"), $"{piece} ");
    }
}
