using Deployment.Tests.Template;

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
            var (_, known) = await ListVulnerableAsync(vulnerable);
            Assert.SkipUnless(
                known.Contains("GHSA-5crp-9r3c-p9vr", StringComparison.Ordinal),
                "Not checked: the package source reports no vulnerabilities, not even that of Newtonsoft.Json 12.0.3. " + known);
        }
        finally
        {
            folder.Delete(recursive: true);
        }

        foreach (var project in (string[])["functions/sign-playlist/SignPlaylist.csproj", "functions/ingest-video/IngestVideo.csproj"])
        {
            var (listed, found) = await ListVulnerableAsync(Repository.PathOf(project));
            Assert.True(listed && found.Contains("has no vulnerable packages", StringComparison.Ordinal), found);
        }
    }

    private static Task<(bool Success, string Output)> ListVulnerableAsync(string project) =>
        Build.TryDotnetAsync(Path.GetDirectoryName(project)!, ["list", project, "package", "--vulnerable", "--include-transitive"]);
}
