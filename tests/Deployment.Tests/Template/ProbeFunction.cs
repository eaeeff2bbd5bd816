namespace Deployment.Tests.Template;

/// <summary>The probe, built with the template once for all tests of a class.</summary>
public sealed class ProbeFunction : IAsyncLifetime
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("reelseal-probe-");

    public async ValueTask InitializeAsync() => await Build.DotnetAsync(Repository.Root,
    [
        "build", "template/csharp-httprequest/Root.csproj", "--nologo", "--verbosity", "quiet", "--artifacts-path", _folder.FullName,
        $"-p:FunctionProject={Repository.PathOf("tests/Deployment.Tests/Probe/Probe.csproj")}",
        // Built but not published: publishing takes a minute, and BuildContextTests does it.
        "-p:SelfContained=false", "-p:PublishSingleFile=false", "-p:PublishTrimmed=false", "-p:PublishReadyToRun=false", "-p:UseCurrentRuntimeIdentifier=false",
    ]);

    internal FunctionProcess Start(params (string Name, string Value)[] environment) =>
        FunctionProcess.Start("dotnet", [Path.Combine(_folder.FullName, "bin", "Root", "debug", "Root.dll")], environment);

    public ValueTask DisposeAsync()
    {
        _folder.Delete(recursive: true);
        return ValueTask.CompletedTask;
    }
}
