namespace Reelseal.Testing;

/// <summary>An empty folder that disappears with its user.</summary>
public sealed class TemporaryDirectory : IDisposable
{
    public string Path { get; } = Directory.CreateTempSubdirectory("reelseal-test-").FullName;

    public void Dispose() => Directory.Delete(Path, recursive: true);
}
