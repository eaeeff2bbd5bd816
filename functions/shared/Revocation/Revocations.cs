using System.Collections.Concurrent;
using System.Text;
using System.Text.Json;
using Reelseal.Storage;

namespace Reelseal.Revocation;

/// <summary>Knows which tickets, share links and tokens have been revoked, and revokes them.</summary>
/// <remarks>
/// <para>
/// Each revocation is a small object under <c>revocations/</c>, and <see cref="ObjectKeys.LatestRevocation"/> is rewritten after each of them. A replica reads
/// that one object once a second, and each other one when it first needs it; while the former stays the same, all that is known stays known. So neither the
/// number of revocations nor that of viewers costs anything on the warm path.
/// </para>
/// <para>
/// While the store cannot be read, the last known answer counts; one never known is an <see cref="UpstreamException"/>. Only where
/// <see cref="ObjectKeys.LatestRevocation"/> can be read does an object that S3 denies count as missing, so losing the permission does not undo a revocation.
/// </para>
/// </remarks>
public sealed class Revocations(IObjectStore store, OutageLog outages, TimeProvider clock)
{
    /// <summary>How soon a revocation is in force at every replica.</summary>
    public static readonly TimeSpan Freshness = TimeSpan.FromSeconds(2);

    private const int MaxKnown = 20_000;
    private const int MaxAttempts = 10;
    private const int MaxBytes = 4096;

    /// <summary>Half of what is promised: the answer takes time as well.</summary>
    private static readonly TimeSpan s_checkInterval = Freshness / 2;

    /// <summary>When an answer is read again although nothing was revoked since: its writer may have died between the two objects.</summary>
    private static readonly TimeSpan s_readAgainAfter = TimeSpan.FromMinutes(1);

    private readonly ConcurrentDictionary<RevocationKey, Known> _known = new();
    private readonly SingleFlight<string, string> _checks = new();
    private readonly SingleFlight<(RevocationKey Key, string Latest), RevocationEntry> _reads = new();
    private Latest? _latest;

    /// <summary>How many answers are in memory.</summary>
    internal int KnownCount => _known.Count;

    /// <summary>Returns the video's epoch: how often its tickets and share links have been revoked.</summary>
    /// <exception cref="UpstreamException">The store failed, and the epoch was never known.</exception>
    public async ValueTask<long> EpochOfAsync(VideoId video, CancellationToken cancellationToken) =>
        (await FindAsync(RevocationKey.Of(video), cancellationToken)).Epoch;

    /// <summary>Whether a token is refused: itself, or all tokens of its subject.</summary>
    /// <param name="tokenId">Its <c>jti</c>, or null.</param>
    /// <param name="subject">Its <c>sub</c>, or null.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <exception cref="UpstreamException">The store failed, and the answer was never known.</exception>
    public async ValueTask<bool> IsRefusedAsync(string? tokenId, string? subject, CancellationToken cancellationToken)
    {
        var byToken = FindAsync(RevocationKind.Token, tokenId, cancellationToken);
        var bySubject = FindAsync(RevocationKind.Subject, subject, cancellationToken);
        return (await byToken).Refused | (await bySubject).Refused;
    }

    /// <summary>Revokes all tickets and share links of a video that were made until now.</summary>
    /// <exception cref="UpstreamException">The store failed; whether they are revoked is unknown.</exception>
    public Task RaiseEpochAsync(VideoId video, CancellationToken cancellationToken) =>
        ChangeAsync(RevocationKey.Of(video), entry => entry with { Epoch = entry.Epoch + 1 }, cancellationToken);

    /// <summary>Refuses a token or all tokens of a subject from now on, or accepts them again.</summary>
    /// <exception cref="UpstreamException">The store failed; whether they are refused is unknown.</exception>
    public Task RefuseAsync(RevocationKind kind, string name, bool refused, CancellationToken cancellationToken) =>
        ChangeAsync(RevocationKey.Of(kind, name), entry => entry with { Refused = refused }, cancellationToken);

    private ValueTask<RevocationEntry> FindAsync(RevocationKind kind, string? name, CancellationToken cancellationToken) =>
        name is null ? new(RevocationEntry.None) : FindAsync(RevocationKey.Of(kind, name), cancellationToken);

    private async ValueTask<RevocationEntry> FindAsync(RevocationKey key, CancellationToken cancellationToken)
    {
        var latest = await LatestAsync(cancellationToken);
        _known.TryGetValue(key, out var known);
        if (known is not null && known.Latest == latest && clock.GetUtcNow() < known.ReadAgain)
            return known.Entry;
        // The latest revocation is part of the key: a request that knows of it must not join a read that began before it.
        return await _reads.RunAsync((key, latest), () => ReadAsync(key, latest, known), cancellationToken);
    }

    private async Task<RevocationEntry> ReadAsync(RevocationKey key, string latest, Known? known)
    {
        Known read;
        try
        {
            var (entry, _) = await LoadAsync(key.ObjectKey, CancellationToken.None);
            outages.End();
            read = new(entry, latest, clock.GetUtcNow() + s_readAgainAfter);
        }
        catch (UpstreamException e) when (known is not null)
        {
            outages.Report(e);
            read = known with { Latest = latest, ReadAgain = clock.GetUtcNow() + s_checkInterval };
        }
        if (_known.Count >= MaxKnown)
            Forget(MaxKnown / 10);
        _known[key] = read;
        return read.Entry;
    }

    /// <summary>Makes room. Which ones go does not matter: what is needed again is read again.</summary>
    private void Forget(int count)
    {
        foreach (var (key, _) in _known.Take(count))
            _known.TryRemove(key, out _);
    }

    private async ValueTask<string> LatestAsync(CancellationToken cancellationToken)
    {
        var latest = _latest;
        if (latest is not null && clock.GetUtcNow() < latest.CheckAgain)
            return latest.ETag;
        var check = _checks.RunAsync(ObjectKeys.LatestRevocation, CheckAsync, cancellationToken);
        // A store that has just failed may keep us waiting until it times out, and no viewer has to wait with us.
        return latest is { HasFailed: true } && !check.IsCompleted ? latest.ETag : await check;
    }

    private async Task<string> CheckAsync()
    {
        var (known, now) = (_latest, clock.GetUtcNow());
        Latest latest;
        try
        {
            latest = new(await ReadLatestAsync(known?.ETag), now + s_checkInterval, HasFailed: false);
            outages.End();
        }
        catch (UpstreamException e) when (known is not null)
        {
            outages.Report(e);
            latest = new(known.ETag, clock.GetUtcNow() + s_checkInterval, HasFailed: true);
        }
        // Unless this replica has revoked something meanwhile, which is later than what was read.
        return Interlocked.CompareExchange(ref _latest, latest, known) == known ? latest.ETag : _latest!.ETag;
    }

    /// <summary>
    /// Reads which revocation is the latest. The first replica of all writes the object: from then on, not being able to read it is a failure.
    /// </summary>
    private async Task<string> ReadLatestAsync(string? known)
    {
        for (var attempt = 0; attempt < 2; attempt++)
        {
            await using var stored = await store.GetAsync(ObjectKeys.LatestRevocation, range: null, known, CancellationToken.None);
            if (stored is not null)
                return stored.Entry.ETag;
            if (await WriteLatestAsync(WriteCondition.IfNew) is { } created)
                return created;
        }
        throw new UpstreamException("The object store does not let the function read which tokens are revoked.", timedOut: false);
    }

    private async Task ChangeAsync(RevocationKey key, Func<RevocationEntry, RevocationEntry> change, CancellationToken cancellationToken)
    {
        await LatestAsync(cancellationToken); // so that a missing object means what it says
        for (var attempt = 0; attempt < MaxAttempts; attempt++)
        {
            var (entry, eTag) = await LoadAsync(key.ObjectKey, cancellationToken);
            var changed = change(entry) with { Changed = clock.GetUtcNow() };
            var content = JsonSerializer.SerializeToUtf8Bytes(changed, RevocationJson.Default.RevocationEntry);
            var condition = eTag is null ? WriteCondition.IfNew : WriteCondition.IfUnchanged(eTag);
            if (await store.PutAsync(key.ObjectKey, new MemoryStream(content), condition, cancellationToken) is null)
            {
                // Someone else is revoking the same.
                await Task.Delay(TimeSpan.FromMilliseconds(Random.Shared.Next(5, 50)), cancellationToken);
                continue;
            }
            // Known here from now on even if the store fails next, but read again: others may have changed it meanwhile.
            _known[key] = new(changed, Latest: "", ReadAgain: default);
            // The first object alone would take a minute to be noticed, so a caller who hangs up does not stop the second.
            if (await WriteLatestAsync(WriteCondition.None) is { } latest)
                _latest = new(latest, clock.GetUtcNow() + s_checkInterval, HasFailed: false);
            return;
        }
        throw new UpstreamException("The object store did not accept the revocation: others kept changing it.", timedOut: false);
    }

    /// <summary>Marks that something was revoked. What the object holds has no meaning, but is never the same.</summary>
    private Task<string?> WriteLatestAsync(WriteCondition condition) =>
        store.PutAsync(
            ObjectKeys.LatestRevocation, new MemoryStream(Encoding.ASCII.GetBytes($"{{\"id\":\"{Guid.NewGuid()}\"}}")), condition, CancellationToken.None);

    private async Task<(RevocationEntry Entry, string? ETag)> LoadAsync(string objectKey, CancellationToken cancellationToken)
    {
        await using var stored = await store.GetAsync(objectKey, range: null, unlessETag: null, cancellationToken);
        if (stored is null)
            return (RevocationEntry.None, null);
        try
        {
            if (stored.Entry.Length > MaxBytes)
                throw new JsonException("It is too long.");
            var content = new byte[stored.Entry.Length];
            await stored.Content.ReadExactlyAsync(content, cancellationToken);
            return (JsonSerializer.Deserialize(content, RevocationJson.Default.RevocationEntry) ?? throw new JsonException("It is null."), stored.Entry.ETag);
        }
        catch (Exception e) when (e is JsonException or EndOfStreamException)
        {
            // Not to be taken for "nothing is revoked".
            throw new UnreadableObjectException("A revocation in the object store cannot be read.", e);
        }
    }

    /// <param name="Entry">What was read.</param>
    /// <param name="Latest">The ETag of the latest revocation before it was read.</param>
    /// <param name="ReadAgain">When it is read again even if nothing was revoked since.</param>
    private sealed record Known(RevocationEntry Entry, string Latest, DateTimeOffset ReadAgain);

    /// <param name="ETag">The ETag of <see cref="ObjectKeys.LatestRevocation"/>.</param>
    /// <param name="CheckAgain">When to look whether it has changed.</param>
    /// <param name="HasFailed">Whether the last look failed, and the ETag is that of an earlier one.</param>
    private sealed record Latest(string ETag, DateTimeOffset CheckAgain, bool HasFailed);
}
