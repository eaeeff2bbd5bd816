using System.Text;
using Reelseal;
using Reelseal.Storage;

namespace IngestVideo.Publishing;

/// <summary>What one attempt at a video has in the store: invisible to players until it is committed, and removable as a whole until then.</summary>
public sealed class Publication(IObjectStore store, VideoId video, string attempt)
{
    /// <summary>The key of one of this attempt's objects.</summary>
    public string KeyOf(string path) => ObjectKeys.Attempt(video, attempt) + path;

    public async Task PutAsync(string path, Stream content, CancellationToken cancellationToken)
    {
        var length = content.Length;
        await store.PutAsync(KeyOf(path), content, WriteCondition.None, cancellationToken);
        IngestMetrics.Published.Add(length);
    }

    public async Task PutAsync(string path, string text, CancellationToken cancellationToken)
    {
        using var content = new MemoryStream(Encoding.UTF8.GetBytes(text));
        await PutAsync(path, content, cancellationToken);
    }

    /// <summary>Writes the multivariant playlist, which makes this attempt the video, for good.</summary>
    /// <returns>false when another attempt is the video already.</returns>
    public async Task<bool> CommitAsync(IReadOnlyList<PublishedRendition> renditions, CancellationToken cancellationToken)
    {
        using var content = new MemoryStream(Encoding.UTF8.GetBytes(MultivariantPlaylistWriter.Write(attempt, renditions)));
        return await store.PutAsync(ObjectKeys.Multivariant(video), content, WriteCondition.IfNew, cancellationToken) is not null
            // The playlist may also be there because the answer to an earlier write of ours was lost.
            || await FindCommittedAsync(cancellationToken) == attempt;
    }

    /// <summary>The attempt that is the video, or null while there is none.</summary>
    public async Task<string?> FindCommittedAsync(CancellationToken cancellationToken)
    {
        await using var stored = await store.GetAsync(ObjectKeys.Multivariant(video), range: null, unlessETag: null, cancellationToken);
        if (stored is null)
            return null;
        using var reader = new StreamReader(stored.Content);
        return PublishedAttempt.In(await reader.ReadToEndAsync(cancellationToken));
    }

    /// <summary>Removes what this attempt wrote.</summary>
    public async Task RemoveAsync(CancellationToken cancellationToken) => await DeleteAsync(await ListAsync(ObjectKeys.Attempt(video, attempt), cancellationToken), cancellationToken);

    /// <summary>Removes what other attempts left, if this one is the video: until then one of them may still become it.</summary>
    public async Task RemoveOthersAsync(CancellationToken cancellationToken)
    {
        var others = await ListAsync(ObjectKeys.Video(video), cancellationToken);
        others.RemoveAll(key => key == ObjectKeys.Multivariant(video) || key.StartsWith(ObjectKeys.Attempt(video, attempt), StringComparison.Ordinal));
        // Looked up after the list was made: a video that was deleted meanwhile, and is being ingested again, has its attempt in the list as well.
        if (others is not [] && await FindCommittedAsync(cancellationToken) == attempt)
            await DeleteAsync(others, cancellationToken);
    }

    /// <summary>Takes back a commit: the video was deleted while it was written.</summary>
    public async Task WithdrawAsync(CancellationToken cancellationToken)
    {
        await store.DeleteAsync([ObjectKeys.Multivariant(video)], cancellationToken);
        await RemoveAsync(cancellationToken);
    }

    private async Task<List<string>> ListAsync(string prefix, CancellationToken cancellationToken) =>
        await store.ListAsync(prefix, cancellationToken).Select(entry => entry.Key).ToListAsync(cancellationToken);

    private async Task DeleteAsync(List<string> keys, CancellationToken cancellationToken)
    {
        if (keys is not [])
            await store.DeleteAsync(keys, cancellationToken);
    }
}
