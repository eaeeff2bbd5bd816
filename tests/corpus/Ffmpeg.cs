using System.Diagnostics;

namespace Reelseal.Corpus;

/// <summary>Runs ffmpeg and ffprobe.</summary>
internal static class Ffmpeg
{
    /// <summary>Runs a program to its end.</summary>
    /// <returns>The bytes of its standard output, and what it complained of.</returns>
    public static async Task<(byte[] Output, string Complaints)> RunAsync(string program, params IEnumerable<string> arguments)
    {
        using var process = Process.Start(new ProcessStartInfo(program, ["-v", "error", .. arguments])
        {
            UseShellExecute = false,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        })!;
        process.StandardInput.Close();
        using var output = new MemoryStream();
        var errors = process.StandardError.ReadToEndAsync();
        await process.StandardOutput.BaseStream.CopyToAsync(output);
        await process.WaitForExitAsync();
        return (output.ToArray(), (await errors).Trim());
    }
}
