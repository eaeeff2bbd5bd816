using CliWrap;
using CliWrap.Buffered;

namespace Reelseal.Testing;

/// <summary>Runs ffmpeg and ffprobe on the tests' own files.</summary>
public static class Ffmpeg
{
    /// <summary>Runs ffmpeg, which logs errors only, and returns its standard output.</summary>
    /// <exception cref="CliWrap.Exceptions.CommandExecutionException">It failed; the message contains its errors.</exception>
    public static async Task<string> RunAsync(params IEnumerable<string> arguments) =>
        (await Cli.Wrap("ffmpeg").WithArguments(["-v", "error", .. arguments]).ExecuteBufferedAsync()).StandardOutput;

    /// <summary>Runs ffprobe, which logs errors only, and returns its standard output.</summary>
    /// <exception cref="CliWrap.Exceptions.CommandExecutionException">It failed; the message contains its errors.</exception>
    public static async Task<string> ProbeAsync(params IEnumerable<string> arguments) =>
        (await Cli.Wrap("ffprobe").WithArguments(["-v", "error", .. arguments]).ExecuteBufferedAsync()).StandardOutput;

    /// <summary>Runs ffmpeg, whether it fails or not, and returns its log.</summary>
    public static async Task<string> LogAsync(params IEnumerable<string> arguments) =>
        (await Cli.Wrap("ffmpeg").WithArguments(arguments).WithValidation(CommandResultValidation.None).ExecuteBufferedAsync()).StandardError;

    /// <summary>Runs ffmpeg, whether it fails or not, and returns the bytes of its standard output, as many as there are.</summary>
    public static async Task<byte[]> BytesAsync(params IEnumerable<string> arguments)
    {
        using var output = new MemoryStream();
        await Cli.Wrap("ffmpeg").WithArguments(["-v", "error", .. arguments]).WithValidation(CommandResultValidation.None)
            .WithStandardOutputPipe(PipeTarget.ToStream(output)).ExecuteAsync();
        return output.ToArray();
    }
}
