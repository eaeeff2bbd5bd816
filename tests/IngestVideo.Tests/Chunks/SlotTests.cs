namespace IngestVideo.Tests.Chunks;

/// <summary>An ingest comes before a chunk of another replica's video.</summary>
public sealed class SlotTests
{
    [Fact]
    public void A_chunk_leaves_the_last_free_slot()
    {
        var slots = new TranscodeSlots(new() { MaxTranscodes = 3 });
        using var first = slots.TryTakeForChunk();
        using var second = slots.TryTakeForChunk();
        Assert.NotNull(second);
        Assert.Null(slots.TryTakeForChunk());
        using var ingest = slots.TryTake();
        Assert.NotNull(ingest);
        Assert.Null(slots.TryTake());
        Assert.False(first!.Recalled.IsCancellationRequested);
        first.Dispose();
        Assert.Null(slots.TryTakeForChunk());
        using var other = slots.TryTake();
        Assert.NotNull(other);
    }

    [Fact]
    public void The_only_slot_is_lent_to_a_chunk_until_an_ingest_comes()
    {
        var slots = new TranscodeSlots(new() { MaxTranscodes = 1 });
        var chunk = slots.TryTakeForChunk();
        Assert.Null(slots.TryTakeForChunk());

        var ingest = slots.TryTake();
        Assert.NotNull(ingest);
        Assert.True(chunk!.Recalled.IsCancellationRequested);
        Assert.Null(slots.TryTake());
        chunk.Dispose();
        Assert.Null(slots.TryTake()); // it was not the chunk's any more
        ingest.Dispose();

        using (slots.TryTakeForChunk())
            Assert.Null(slots.TryTakeForChunk());
        using var next = slots.TryTake();
        Assert.NotNull(next);
        Assert.Null(slots.TryTakeForChunk());
    }
}
