using System.Threading.Channels;
using IngestVideo.Publishing;
using Reelseal;
using Reelseal.Storage;

namespace IngestVideo;

/// <summary>Removes attempts that were playable until another one replaced them, once no player starts from their playlists any more.</summary>
/// <remarks>What waits here when the process ends is found by fsck.</remarks>
public sealed class ReplacedAttempts(IObjectStore store, IngestOptions options, TimeProvider clock, ILogger<ReplacedAttempts> logger) : BackgroundService
{
    private readonly Channel<(VideoId Video, string Attempt, DateTimeOffset Due)> _waiting = Channel.CreateUnbounded<(VideoId, string, DateTimeOffset)>();

    /// <summary>Removes an attempt's folder after <see cref="IngestOptions.ReplacedAttemptLifetime"/>.</summary>
    public void RemoveLater(VideoId video, string attempt) => _waiting.Writer.TryWrite((video, attempt, clock.GetUtcNow() + options.ReplacedAttemptLifetime));

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        await foreach (var (video, attempt, due) in _waiting.Reader.ReadAllAsync(stoppingToken))
        {
            if (due - clock.GetUtcNow() is { Ticks: > 0 } wait)
                await Task.Delay(wait, clock, stoppingToken);
            try
            {
                var publication = new Publication(store, video, attempt);
                if ((await publication.LookAsync(stoppingToken))?.Attempt != attempt)
                    await publication.RemoveAsync(stoppingToken);
            }
            catch (UpstreamException e)
            {
                logger.LogWarning(e, "The replaced attempt {Attempt} at {Video} could not be removed", attempt, video);
            }
        }
    }
}
