using Reelseal.Local;
using Reelseal.Local.Playback;

namespace Reelseal.EndToEnd.Tests;

/// <summary>The running system with one published video.</summary>
internal sealed class RunningSystem : IAsyncDisposable
{
    public static readonly TimeSpan ClipDuration = TimeSpan.FromSeconds(5);

    private readonly LocalSystem _local;

    private RunningSystem(LocalSystem local) => (_local, Client) = (local, new(local.Gateway, local.Tokens));

    public LocalSystem Local => _local;

    public VideoClient Client { get; }

    public VideoId Video { get; } = VideoId.New();

    /// <summary>Starts it and ingests a short clip over HTTP.</summary>
    public static async Task<RunningSystem> StartAsync(LocalOptions options, CancellationToken cancellationToken)
    {
        var system = new RunningSystem(await LocalSystem.StartAsync(options, cancellationToken));
        try
        {
            var clip = Path.Combine(Path.GetTempPath(), $"reelseal-test-{system.Video}.mp4");
            await Clip.CreateAsync(clip, ClipDuration, 640, 360, cancellationToken);
            await using var content = new FileStream(clip, FileMode.Open, FileAccess.Read, FileShare.Read, 64 * 1024, FileOptions.DeleteOnClose);
            await system.Client.UploadAsync(system.Video, content, cancellationToken);
            return system;
        }
        catch
        {
            await system.DisposeAsync();
            throw;
        }
    }

    public async ValueTask DisposeAsync()
    {
        Client.Dispose();
        await _local.DisposeAsync();
    }
}
