using System.Diagnostics;

namespace Deployment.Tests.Stack;

/// <summary>The packages that the functions are made of, and what those need.</summary>
public sealed class PackagesTests
{
    [Theory(Timeout = 300_000)]
    [InlineData("functions/sign-playlist/SignPlaylist.csproj")]
    [InlineData("functions/ingest-video/IngestVideo.csproj")]
    public async Task None_has_a_known_vulnerability(string project)
    {
        var start = new ProcessStartInfo("dotnet", ["list", Repository.PathOf(project), "package", "--vulnerable", "--include-transitive"])
        {
            UseShellExecute = false, RedirectStandardOutput = true, RedirectStandardError = true,
        };
        foreach (var name in start.Environment.Keys.Where(name => name.StartsWith("MSBUILD", StringComparison.OrdinalIgnoreCase)).ToList())
            start.Environment.Remove(name);
        start.Environment["DOTNET_CLI_UI_LANGUAGE"] = "en";
        start.Environment["MSBUILDDISABLENODEREUSE"] = "1";
        using var process = Process.Start(start)!;
        var (output, errors) = (process.StandardOutput.ReadToEndAsync(), process.StandardError.ReadToEndAsync());
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);
        var said = await output + await errors;

        // NU1905: a source that has no list of vulnerabilities; NU1900, NU1301: one that cannot be reached.
        Assert.SkipWhen(
            said.Contains("NU1905", StringComparison.Ordinal) || said.Contains("NU1900", StringComparison.Ordinal) || said.Contains("NU1301", StringComparison.Ordinal),
            "The package source does not tell of vulnerabilities: " + said);
        Assert.True(process.ExitCode == 0 && said.Contains("has no vulnerable packages", StringComparison.Ordinal), said);
    }
}
