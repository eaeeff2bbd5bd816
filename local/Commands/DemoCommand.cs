using System.CommandLine;
using Reelseal.Local.Demo;
using Reelseal.Local.Playback;

namespace Reelseal.Local.Commands;

/// <summary><c>demo [video]</c>: shows on one video that everything works.</summary>
internal static class DemoCommand
{
    private static readonly Argument<FileInfo?> s_video = new("video")
    {
        Description = "The video; without one, a short clip is made.",
        Arity = ArgumentArity.ZeroOrOne,
    };

    public static Command Create()
    {
        var command = new Command(
            "demo", "Takes one video in, publishes it, plays it back signed in both ways, and checks that nothing opens without its signature.")
        {
            s_video, CommonOptions.Store, CommonOptions.Functions, CommonOptions.SigningKey, CommonOptions.Replicas,
        };
        command.SetAction(RunAsync);
        return command;
    }

    private static async Task RunAsync(ParseResult arguments, CancellationToken cancellationToken)
    {
        if (arguments.GetValue(s_video) is { Exists: false } missing)
            throw new DemoFailedException($"There is no {missing.FullName}.");
        var report = new DemoReport(Console.Out, isTerminal: !Console.IsOutputRedirected);
        var scratch = Directory.CreateTempSubdirectory("reelseal-demo-");
        try
        {
            var video = arguments.GetValue(s_video)?.FullName;
            if (video is null)
            {
                video = Path.Combine(scratch.FullName, "clip.mp4");
                var seconds = arguments.GetValue(CommonOptions.Replicas) > 1 ? 60 : 12; // several share only what is longer than two chunks
                await Clip.CreateAsync(video, TimeSpan.FromSeconds(seconds), 1280, 720, cancellationToken);
                report.Step("clip", $"{seconds} s, 1280×720, {new FileInfo(video).Length / 1e6:F1} MB");
            }
            await using var system = await LocalSystem.StartAsync(
                CommonOptions.Read(arguments, fallback: Path.Combine(scratch.FullName, "store")), cancellationToken);
            report.Step("started", $"gateway {system.Gateway}, edge {system.Edge}");
            await new DemoRun(system, report).RunAsync(video, cancellationToken);
            report.End("Everything works, in");
            Console.WriteLine("Next: make serve starts the same system with its page, until Ctrl-C. There you upload, watch and share.");
        }
        finally
        {
            scratch.Delete(recursive: true);
        }
    }
}
