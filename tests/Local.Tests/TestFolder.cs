using System.Runtime.CompilerServices;

namespace Reelseal.Local.Tests;

/// <summary>A temporary folder that bears the test's name and goes with it.</summary>
internal sealed class TestFolder : IDisposable
{
    public TestFolder([CallerMemberName] string test = "") => Path = Directory.CreateTempSubdirectory($"reelseal-{test}-").FullName;

    public string Path { get; }

    public void Write(string name, byte[] content)
    {
        var path = System.IO.Path.Combine(Path, name);
        Directory.CreateDirectory(System.IO.Path.GetDirectoryName(path)!);
        File.WriteAllBytes(path, content);
    }

    public void Dispose() => Directory.Delete(Path, recursive: true);
}
