using System.Diagnostics;

namespace Deployment.Tests.Stack;

/// <summary>The packages that the functions are made of, and what those need.</summary>
public sealed class PackagesTests
{
    [Fact(Timeout = 600_000)]
    public async Task None_has_a_known_vulnerability()
    {
        // A source that knows of no vulnerabilities at all says of every package that it has none: so it is asked about one that has (GHSA-5crp-9r3c-p9vr).
        var folder = Directory.CreateTempSubdirectory("reelseal-test-packages-");
        try
        {
            var vulnerable = Path.Combine(folder.FullName, "Vulnerable.csproj");
            await File.WriteAllTextAsync(
                vulnerable,
                """<Project Sdk="Microsoft.NET.Sdk"><PropertyGroup><TargetFramework>net10.0</TargetFramework></PropertyGroup><ItemGroup><PackageReference Include="Newtonsoft.Json" Version="12.0.3" /></ItemGroup></Project>""",
                TestContext.Current.CancellationToken);
            var (_, said) = await ListVulnerableAsync(vulnerable);
            Assert.SkipUnless(said.Contains("GHSA-5crp-9r3c-p9vr", StringComparison.Ordinal), "Not checked: the package source reports no vulnerability, not even of Newtonsoft.Json 12.0.3. " + said);
        }
        finally
        {
            folder.Delete(recursive: true);
        }

        foreach (var project in (string[])["functions/sign-playlist/SignPlaylist.csproj", "functions/ingest-video/IngestVideo.csproj"])
        {
            var (exitCode, said) = await ListVulnerableAsync(Repository.PathOf(project));
            Assert.True(exitCode == 0 && said.Contains("has no vulnerable packages", StringComparison.Ordinal), said);
        }
    }

    private static async Task<(int ExitCode, string Said)> ListVulnerableAsync(string project)
    {
        var start = new ProcessStartInfo("dotnet", ["list", project, "package", "--vulnerable", "--include-transitive"])
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
        return (process.ExitCode, await output + await errors);
    }
}
