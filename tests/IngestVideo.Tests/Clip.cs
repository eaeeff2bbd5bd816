using System.Diagnostics;

namespace IngestVideo.Tests;

/// <summary>Makes small real videos with ffmpeg, once each.</summary>
internal static class Clip
{
    private static readonly string s_folder = Directory.CreateTempSubdirectory("reelseal-clips-").FullName;

    static Clip() => AppDomain.CurrentDomain.ProcessExit += (_, _) => Directory.Delete(s_folder, recursive: true);

    /// <summary>A clip of the arguments, split at spaces; <c>{out}</c> need not be said: it comes last.</summary>
    public static async Task<string> MakeAsync(string name, string arguments)
    {
        var path = Path.Combine(s_folder, name);
        if (!File.Exists(path))
            await RunAsync("ffmpeg", [.. "-v error -nostdin -y".Split(' '), .. arguments.Split(' ', StringSplitOptions.RemoveEmptyEntries), path]);
        return path;
    }

    /// <summary>A moving picture with a tone.</summary>
    public static Task<string> SimpleAsync(string size = "320x180", int seconds = 3, int rate = 25) => MakeAsync(
        $"simple-{size}-{seconds}-{rate}.mp4",
        $"-f lavfi -i testsrc2=s={size}:r={rate}:d={seconds} -f lavfi -i sine=f=440:d={seconds} -c:v libx264 -preset ultrafast -pix_fmt yuv420p -c:a aac");

    /// <summary>The hash of all decoded pictures.</summary>
    public static Task<string> PicturesHashAsync(string source) =>
        RunAsync("ffmpeg", ["-v", "quiet", "-nostdin", "-i", source, "-map", "0:v:0", "-fps_mode", "passthrough", "-f", "md5", "-"]);

    public static async Task<string> RunAsync(string program, IReadOnlyList<string> arguments)
    {
        var (exitCode, output, errors) = await ExecuteAsync(program, arguments);
        return exitCode == 0 ? output : throw new InvalidOperationException($"{program} {string.Join(' ', arguments)} ended with {exitCode}: {errors}");
    }

    /// <summary>What a program writes to standard error.</summary>
    public static async Task<string> ErrorsAsync(string program, IReadOnlyList<string> arguments) => (await ExecuteAsync(program, arguments)).Errors;

    private static async Task<(int ExitCode, string Output, string Errors)> ExecuteAsync(string program, IReadOnlyList<string> arguments)
    {
        using var process = Process.Start(
            new ProcessStartInfo(program, arguments) { UseShellExecute = false, RedirectStandardOutput = true, RedirectStandardError = true })!;
        var (output, errors) = (process.StandardOutput.ReadToEndAsync(), process.StandardError.ReadToEndAsync());
        await process.WaitForExitAsync();
        return (process.ExitCode, await output, await errors);
    }
}
