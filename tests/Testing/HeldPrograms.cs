using System.Globalization;
using System.Runtime.Versioning;

namespace Reelseal.Testing;

/// <summary>A program that waits before its first instruction, inside everything that was put around it.</summary>
/// <param name="Name"><c>ffmpeg</c> or <c>ffprobe</c>.</param>
/// <param name="Id">The id of its process, which stays when it goes on.</param>
/// <param name="Arguments">What it was started with.</param>
public sealed record HeldProgram(string Name, int Id, IReadOnlyList<string> Arguments);

/// <summary>
/// ffmpeg and ffprobe for a function in a process of its own: found first on <see cref="SearchPath"/>, they wait until
/// the test lets them go on, and then become the real ones.
/// What a test sees meanwhile stays as it is, however busy the machine is.
/// </summary>
[UnsupportedOSPlatform("windows")]
public sealed class HeldPrograms : IDisposable
{
    private readonly TemporaryDirectory _folder = new();

    /// <param name="transcodesOnly">Holds ffmpeg only where it encodes a video.</param>
    public HeldPrograms(bool transcodesOnly = false)
        : this(transcodesOnly ? "*-progress*" : "*")
    {
    }

    /// <param name="arguments">A pattern of the shell for the arguments of those that are held.</param>
    public HeldPrograms(string arguments)
    {
        Directory.CreateDirectory(Calls);
        foreach (var program in (string[])["ffmpeg", "ffprobe"])
        {
            var path = Path.Combine(_folder.Path, program);
            // Without a size, because a probe may write none. A sandboxed program has no environment: what it needs stands in it.
            File.WriteAllText(path,
                $"""
                #!/bin/sh
                call={Calls}/{program}.$$
                case "$*" in
                  -version) ;;
                  {arguments}) : >"$call"; while [ -e "$call" ] && [ ! -e {Open} ]; do sleep 0.05; done ;;
                esac
                exec {Find(program)} "$@"
                """);
            File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserExecute);
        }
    }

    /// <summary>The value of PATH for the function.</summary>
    public string SearchPath => $"{_folder.Path}:{Environment.GetEnvironmentVariable("PATH")}";

    private string Calls => Path.Combine(_folder.Path, "calls");

    private string Open => Path.Combine(_folder.Path, "open");

    /// <summary>Waits until a program is held, or until something ends.</summary>
    /// <returns>null when it has ended.</returns>
    public async Task<HeldProgram?> NextAsync(Task end)
    {
        while (true)
        {
            if (Directory.EnumerateFiles(Calls).FirstOrDefault() is { } call)
            {
                var id = int.Parse(Path.GetExtension(call).AsSpan(1), CultureInfo.InvariantCulture);
                if (!Directory.Exists($"/proc/{id}"))
                {
                    File.Delete(call); // it was killed
                    continue;
                }
                // The shell, and this script.
                return new(Path.GetFileNameWithoutExtension(call), id, [.. File.ReadAllText($"/proc/{id}/cmdline").TrimEnd('\0').Split('\0').Skip(2)]);
            }
            if (end.IsCompleted)
                return null;
            await Task.WhenAny(end, Task.Delay(20, CancellationToken.None));
        }
    }

    /// <summary>Lets a program go on.</summary>
    public void Release(HeldProgram program) => File.Delete(Path.Combine(Calls, $"{program.Name}.{program.Id.ToString(CultureInfo.InvariantCulture)}"));

    /// <summary>Lets all programs go on, those included that are yet to come.</summary>
    public void Release() => File.WriteAllText(Open, "");

    /// <summary>Holds programs again after <see cref="Release()"/>.</summary>
    public void Hold() => File.Delete(Open);

    public void Dispose() => _folder.Dispose();

    private static string Find(string program) =>
        Environment.GetEnvironmentVariable("PATH")!.Split(':').Select(folder => Path.Combine(folder, program)).First(File.Exists);
}
