using System.Collections.Concurrent;
using IngestVideo.Status;
using Reelseal;

namespace IngestVideo.Callbacks;

/// <summary>When callbacks are sent again that were not received.</summary>
/// <param name="Waits">How long to wait after each attempt; after the last one it is given up.</param>
/// <param name="Sweep">How often to look for those of replicas that are gone, and how much longer than it should a replica may take for one.</param>
public sealed record CallbackSchedule(IReadOnlyList<TimeSpan> Waits, TimeSpan Sweep)
{
    /// <summary>Over an hour in all.</summary>
    public static readonly CallbackSchedule Default = new(
        [
            TimeSpan.FromSeconds(5), TimeSpan.FromSeconds(30), TimeSpan.FromMinutes(2), TimeSpan.FromMinutes(5), TimeSpan.FromMinutes(10),
            TimeSpan.FromMinutes(20), TimeSpan.FromMinutes(25),
        ],
        TimeSpan.FromMinutes(1));
}

/// <summary>
/// Delivers callbacks in the background, so that neither a caller nor a transcode slot waits for a receiver. Each is kept in the store until it is delivered or
/// given up; those of a replica that ended are delivered by another, or by the same one after its start.
/// </summary>
/// <remarks>The events of a video are first sent in their order; one that has to be sent again may arrive after a later one.</remarks>
public sealed class CallbackDelivery : BackgroundService
{
    /// <summary>How many are sent at once: a receiver that does not answer must not keep all others waiting.</summary>
    private const int MostAtOnce = 16;

    /// <summary>How many of them to one host.</summary>
    private const int MostAtOnceToHost = 4;

    private readonly CallbackOutbox _outbox;
    private readonly CallbackSender _sender;
    private readonly CallbackSchedule _schedule;
    private readonly IngestOptions _options;
    private readonly TimeProvider _clock;
    private readonly ILogger<CallbackDelivery> _logger;
    private readonly SemaphoreSlim _sending = new(MostAtOnce);
    private readonly ConcurrentDictionary<string, SemaphoreSlim> _sendingToHost = new(StringComparer.OrdinalIgnoreCase);
    private readonly CancellationTokenSource _stopping = new();
    private readonly ConcurrentDictionary<string, Task> _deliveries = new(StringComparer.Ordinal); // by the message's id
    private readonly ConcurrentDictionary<string, Task> _firstAttempts = new(StringComparer.Ordinal); // the last one of each video

    public CallbackDelivery(
        Reelseal.Storage.IObjectStore store, CallbackSender sender, CallbackSchedule schedule, IngestOptions options, TimeProvider clock,
        ILogger<CallbackDelivery> logger) =>
        (_outbox, _sender, _schedule, _options, _clock, _logger) = (new(store), sender, schedule, options, clock, logger);

    /// <summary>Keeps a callback, and begins to deliver it. Never fails: what cannot be kept is sent all the same.</summary>
    /// <param name="address">A URL that <see cref="CallbackSender.Check"/> allows.</param>
    /// <param name="happened">What it reports.</param>
    /// <param name="status">The status of the video at that time.</param>
    public async Task EnqueueAsync(Uri address, VideoEvent happened, VideoStatus status)
    {
        var message = CallbackMessage.Of(address, happened, status);
        StoredCallback? stored = new(message, ETag: null, TimeSpan.Zero);
        try
        {
            stored = await _outbox.AddAsync(message, _stopping.Token);
        }
        catch (Exception e) when (e is UpstreamException or OperationCanceledException)
        {
            _logger.LogWarning("The callback of {Video} could not be kept: {Reason}", message.Video, e.Message);
        }
        if (stored is not null) // it is on its way already
            Begin(stored);
    }

    public override async Task StopAsync(CancellationToken cancellationToken)
    {
        await _stopping.CancelAsync();
        await base.StopAsync(cancellationToken);
        await Task.WhenAll(_deliveries.Values).WaitAsync(cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    public override void Dispose()
    {
        base.Dispose();
        _sending.Dispose();
        _stopping.Dispose();
    }

    /// <summary>Looks for callbacks that nobody delivers any more.</summary>
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        if (_options.CallbackKey is null)
            return;
        using var timer = new PeriodicTimer(_schedule.Sweep, _clock);
        do
        {
            try
            {
                await SweepAsync(stoppingToken);
            }
            catch (Exception e) when (!stoppingToken.IsCancellationRequested)
            {
                // Anything that is thrown here would end the process, and do so again after each start.
                _logger.Log(e is UpstreamException ? LogLevel.Information : LogLevel.Error, e, "Callbacks of other replicas could not be looked for");
            }
        }
        while (await timer.WaitForNextTickAsync(stoppingToken));
    }

    private async Task SweepAsync(CancellationToken cancellationToken)
    {
        await foreach (var id in _outbox.ListAsync(minAge: _schedule.Sweep, cancellationToken))
        {
            if (_deliveries.ContainsKey(id))
                continue;
            try
            {
                if (await _outbox.ReadAsync(id, cancellationToken) is { } stored && stored.Age > WaitAfter(stored.Message.Attempts) + _schedule.Sweep)
                    Begin(stored);
            }
            catch (Exception e) when (!cancellationToken.IsCancellationRequested)
            {
                _logger.LogWarning(e, "The callback {Id} cannot be read", id); // one must not keep the others waiting
            }
        }
    }

    private void Begin(StoredCallback stored)
    {
        var (id, video) = (stored.Message.Id, stored.Message.Video);
        var first = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var before = Task.CompletedTask;
        _ = _firstAttempts.AddOrUpdate(
            video, first.Task,
            (_, earlier) =>
            {
                before = earlier;
                return first.Task;
            });
        var listed = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        _deliveries[id] = DeliverInOrderAsync();
        listed.SetResult();

        async Task DeliverInOrderAsync()
        {
            try
            {
                await listed.Task; // or it might leave the list before it is in it
                await before;
                await DeliverAsync(stored, first);
            }
            catch (OperationCanceledException)
            {
                // The process ends, and the message stays in the store.
            }
            catch (Exception e)
            {
                _logger.LogError(e, "The callback {Id} could not be delivered", id);
            }
            finally
            {
                first.TrySetResult();
                _firstAttempts.TryRemove(new(video, first.Task));
                _deliveries.TryRemove(id, out _);
            }
        }
    }

    private async Task DeliverAsync(StoredCallback stored, TaskCompletionSource first)
    {
        while (true)
        {
            var delivery = Delivery.Failed;
            try
            {
                if (stored.Message.Attempts <= _schedule.Waits.Count) // otherwise a replica ended between the last attempt and the removal
                {
                    if (await TakeAndSendAsync(stored) is not { } sent)
                        return; // another replica has it, or the video was deleted
                    (stored, delivery) = sent;
                }
                if (delivery != Delivery.Failed || stored.Message.Attempts > _schedule.Waits.Count)
                {
                    if (delivery != Delivery.Done)
                        _logger.LogWarning("The callback {Id} is given up after {Attempts} attempts", stored.Message.Id, stored.Message.Attempts);
                    await _outbox.RemoveAsync(stored.Message, _stopping.Token);
                    return;
                }
            }
            catch (UpstreamException e)
            {
                _logger.LogWarning("The state of the callback {Id} could not be written: {Reason}", stored.Message.Id, e.Message);
                if (delivery != Delivery.Failed || stored.Message.Attempts > _schedule.Waits.Count)
                    return; // another replica sends it again, under the same id
            }
            first.TrySetResult();
            await Task.Delay(WaitAfter(Math.Max(1, stored.Message.Attempts)), _clock, _stopping.Token);
        }
    }

    /// <returns>null when another replica has it, or it is gone.</returns>
    private async Task<(StoredCallback Taken, Delivery Delivery)?> TakeAndSendAsync(StoredCallback stored)
    {
        // The host's place first: what waits for a host that does not answer has no place of the others. And taken only then: another replica sends what was
        // taken too long ago.
        var toHost = _sendingToHost.GetOrAdd(stored.Message.Address.Host, _ => new(MostAtOnceToHost));
        await toHost.WaitAsync(_stopping.Token);
        try
        {
            await _sending.WaitAsync(_stopping.Token);
            try
            {
                return await _outbox.TakeAsync(stored, _stopping.Token) is { } taken
                    ? (taken, await _sender.SendAsync(taken.Message, _stopping.Token)) : null;
            }
            finally
            {
                _sending.Release();
            }
        }
        finally
        {
            toHost.Release();
        }
    }

    private TimeSpan WaitAfter(int attempts) => attempts == 0 ? TimeSpan.Zero : _schedule.Waits[Math.Min(attempts, _schedule.Waits.Count) - 1];
}
