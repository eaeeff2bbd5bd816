namespace IngestVideo.Tests;

/// <summary>Holds an ingest in its middle, for as long as a test needs: the store accepts a first segment and no other until the gate is opened.</summary>
internal sealed class SegmentGate
{
    private readonly TaskCompletionSource _opened = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>What a <see cref="ChangedStore"/> does before it writes.</summary>
    public Task BeforePut(string key) => IsHeld(key) ? _opened.Task : Task.CompletedTask;

    public void Open() => _opened.TrySetResult();

    /// <summary>Waits until one of two requests has been refused, because the other one is still at work, and then for both.</summary>
    public async Task<HttpResponseMessage[]> UntilOneIsRefusedAsync(params Task<HttpResponseMessage>[] requests)
    {
        await Task.WhenAny(requests);
        Open();
        return await Task.WhenAll(requests);
    }

    /// <summary>Whether an object waits: every segment but the first of a rendition.</summary>
    public static bool IsHeld(string key) => key.EndsWith(".ts", StringComparison.Ordinal) && !key.EndsWith("00000.ts", StringComparison.Ordinal);
}
