using System.Diagnostics;

namespace Deployment.Tests.Stack;

/// <summary>The packages of the functions, and their dependencies.</summary>
public sealed class PackagesTests
{
    [Fact(Timeout = 600_000)]
    public async Task None_has_a_known_vulnerability()
    {
        // A package source without vulnerability data reports none for every package,
        // so the test first asks about a package that has one (GHSA-5crp-9r3c-p9vr).
        var folder = Directory.CreateTempSubdirectory("reelseal-test-packages-");
        try
        {
            var vulnerable = Path.Combine(folder.FullName, "Vulnerable.csproj");
            await File.WriteAllTextAsync(
                vulnerable,
                """
                <Project Sdk="Microsoft.NET.Sdk">
                  <PropertyGroup><TargetFramework>net10.0</TargetFramework></PropertyGroup>
                  <ItemGroup><PackageReference Include="Newtonsoft.Json" Version="12.0.3" /></ItemGroup>
                </Project>
                """,
                TestContext.Current.CancellationToken);
            var (_, said) = await ListVulnerableAsync(vulnerable);
            Assert.SkipUnless(
                said.Contains("GHSA-5crp-9r3c-p9vr", StringComparison.Ordinal),
                "Not checked: the package source reports no vulnerabilities, not even that of Newtonsoft.Json 12.0.3. " + said);
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
