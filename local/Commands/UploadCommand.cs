using System.CommandLine;
using Reelseal.Local.Demo;
using Reelseal.Local.Keys;
using Reelseal.Local.Playback;

namespace Reelseal.Local.Commands;

/// <summary><c>upload file</c>: sends a video to the system that <see cref="ServeCommand"/> keeps up, and prints a link that plays it.</summary>
internal static class UploadCommand
{
    private static readonly Argument<FileInfo> s_file = new("file") { Description = "The video." };

    public static Command Create()
    {
        var command = new Command("upload", "Sends a video to the system that serve keeps up, and prints its id and a link that plays it.")
        {
            s_file, CommonOptions.Data, CommonOptions.GatewayPort, CommonOptions.EdgePort,
        };
        command.SetAction(RunAsync);
        return command;
    }

    /// <exception cref="CommandFailedException">There is no such file or no system; the message says which.</exception>
    private static async Task RunAsync(ParseResult arguments, CancellationToken cancellationToken)
    {
        var file = arguments.GetRequiredValue(s_file);
        if (!file.Exists)
            throw new CommandFailedException($"There is no {file.FullName}.");
        var (gateway, edge) = (
            $"http://127.0.0.1:{arguments.GetValue(CommonOptions.GatewayPort)}", $"http://127.0.0.1:{arguments.GetValue(CommonOptions.EdgePort)}");
        var key = Secrets.TokenKeyPathIn(CommonOptions.KeysIn(arguments));
        if (!File.Exists(key))
            throw new CommandFailedException("There is no system to upload to: start it with make serve.");
        using var client = new VideoClient(gateway, new(await File.ReadAllTextAsync(key, cancellationToken), TimeProvider.System));
        try
        {
            await UploadAsync(client, file.FullName, edge, cancellationToken);
        }
        catch (HttpRequestException e) when (e.HttpRequestError == HttpRequestError.ConnectionError)
        {
            throw new CommandFailedException($"Nothing answers at {gateway}: start the system with make serve.", e);
        }
    }

    private static async Task UploadAsync(VideoClient client, string path, string edge, CancellationToken cancellationToken)
    {
        var report = new DemoReport(Console.Out, isTerminal: !Console.IsOutputRedirected);
        var video = VideoId.New();
        report.Step("video", $"{video}");
        VideoProgress? last = null;
        await foreach (var now in client.UploadAsync(video, path, cancellationToken))
        {
            if (now.Playable == true && last?.Playable != true)
            {
                var link = await client.GetShareLinkAsync(video, cancellationToken);
                report.Step("playable", "");
                report.Detail($"{edge}/site/#video={video}&until={link.Until}&share={link.Share}");
            }
            report.Progress((last = now).State, now.Progress);
        }
        report.Step("ready", string.Join(' ', (last?.Renditions ?? []).Select(rendition => rendition.Name)));
    }
}
