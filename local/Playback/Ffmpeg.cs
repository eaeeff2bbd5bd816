using System.ComponentModel;
using System.Diagnostics;

namespace Reelseal.Local.Playback;

/// <summary>Runs ffmpeg.</summary>
internal static class Ffmpeg
{
    /// <summary>Runs it with these arguments to its end.</summary>
    /// <returns>Its standard output, and its warnings and errors.</returns>
    /// <exception cref="FfmpegException">It is not installed, or it failed; the message contains its output.</exception>
    public static async Task<(string Output, string Complaints)> RunAsync(IEnumerable<string> arguments, CancellationToken cancellationToken)
    {
        var start = new ProcessStartInfo("ffmpeg", ["-hide_banner", "-nostdin", "-loglevel", "warning", .. arguments])
        {
            UseShellExecute = false,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        using var process = new Process { StartInfo = start };
        try
        {
            process.Start();
        }
        catch (Win32Exception e)
        {
            throw new FfmpegException("ffmpeg is not installed: install the package ffmpeg and try again.", e);
        }
        var output = process.StandardOutput.ReadToEndAsync(CancellationToken.None);
        var errors = process.StandardError.ReadToEndAsync(CancellationToken.None);
        try
        {
            await process.WaitForExitAsync(cancellationToken);
        }
        catch
        {
            process.Kill(entireProcessTree: true);
            throw;
        }
        var complaints = (await errors).Trim();
        return process.ExitCode == 0 ? (await output, complaints) : throw new FfmpegException(complaints.Length > 0 ? complaints : $"ffmpeg ended with exit code {process.ExitCode}.");
    }
}

/// <summary>ffmpeg failed; the message contains its output.</summary>
internal sealed class FfmpegException(string message, Exception? inner = null) : Exception(message, inner);
