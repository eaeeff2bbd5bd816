using System.Diagnostics;
using System.Globalization;
using Xunit;

namespace Reelseal.Testing;

/// <summary>
/// A real S3 (Ceph RGW) on a free port of this machine for the tests of an assembly: <c>[assembly: AssemblyFixture(typeof(CephRgw))]</c>, and a constructor
/// parameter where it is needed. Installed and started for the first bucket; a test is skipped where it cannot be installed.
/// </summary>
public sealed class CephRgw : IAsyncDisposable
{
    public const string AccessKey = "accesskey";
    public const string SecretKey = "secretkey";

    private static readonly string s_scripts = Path.Combine(AppContext.BaseDirectory, "ceph-rgw");
    private static readonly TimeSpan s_installLimit = TimeSpan.FromMinutes(20);
    private static readonly TimeSpan s_commandLimit = TimeSpan.FromMinutes(3);

    private readonly SemaphoreSlim _gate = new(1);
    private Process? _process;
    private Uri? _endpoint;
    private string? _reasonToSkip;
    private Task<string> _errors = Task.FromResult("");

    /// <summary>A new, empty bucket of this S3.</summary>
    public async Task<TestBucket> CreateBucketAsync()
    {
        var bucket = new TestBucket(await StartedAsync(), $"test-{Guid.NewGuid():N}", AccessKey, SecretKey);
        using var client = bucket.CreateClient();
        await client.PutBucketAsync(bucket.Name);
        return bucket;
    }

    /// <summary>Another user, without permissions until a bucket policy grants some; the access key is the user's name.</summary>
    public async Task CreateUserAsync(string name, string secretKey)
    {
        await StartedAsync();
        await CommandAsync($"user {name} {secretKey}", $"user {name}");
    }

    /// <summary>Another access key of the user whom the buckets belong to.</summary>
    public async Task AddKeyAsync(string name, string secretKey)
    {
        await StartedAsync();
        await CommandAsync($"key {name} {secretKey}", $"key {name}");
    }

    public Task RemoveKeyAsync(string name) => CommandAsync($"nokey {name}", $"nokey {name}");

    /// <summary>Kills the server, as in a crash. Acknowledged data is available again after <see cref="RestartAsync"/>.</summary>
    public Task KillAsync() => CommandAsync("kill", "killed");

    /// <summary>Starts the server again, at the same address.</summary>
    /// <param name="clock">The error of its clock, such as <c>+20m</c>; needs Debian's package <c>faketime</c>.</param>
    public Task RestartAsync(string clock = "") => CommandAsync($"start {clock}", "ready");

    public async ValueTask DisposeAsync()
    {
        if (_process is { } process)
        {
            process.StandardInput.Close(); // the script's sign to stop everything
            await process.WaitForExitAsync().WaitAsync(s_commandLimit);
            var status = process.ExitCode;
            process.Dispose();
            if (status != 0)
                throw new InvalidOperationException($"Ceph RGW did not survive its tests. {await _errors}");
        }
        _gate.Dispose();
    }

    private async Task<Uri> StartedAsync()
    {
        await _gate.WaitAsync();
        try
        {
            if (_reasonToSkip is null && _endpoint is null && await InstallAsync() is { } prefix)
            {
                _process = Run("start.sh", prefix, Path.Combine(Path.GetTempPath(), $"reelseal-test-ceph-rgw-{Guid.NewGuid():N}"));
                _errors = _process.StandardError.ReadToEndAsync();
                var port = (await AnswerAsync("ready"))["ready ".Length..];
                _endpoint = new($"http://127.0.0.1:{int.Parse(port, CultureInfo.InvariantCulture)}");
            }
        }
        finally
        {
            _gate.Release();
        }
        Assert.SkipWhen(_reasonToSkip is not null, _reasonToSkip ?? "");
        return _endpoint!;
    }

    private async Task<string?> InstallAsync()
    {
        using var install = Run("install.sh");
        var errors = install.StandardError.ReadToEndAsync();
        var prefix = await install.StandardOutput.ReadToEndAsync().WaitAsync(s_installLimit);
        await install.WaitForExitAsync();
        if (install.ExitCode == 0)
            return prefix.Trim();
        _reasonToSkip = (await errors).Trim();
        // Any failure other than "not available on this machine" is a bug.
        return install.ExitCode == 3 ? null : throw new InvalidOperationException($"install.sh failed: {_reasonToSkip}");
    }

    private async Task CommandAsync(string command, string answer)
    {
        await _gate.WaitAsync();
        try
        {
            await _process!.StandardInput.WriteLineAsync(command);
            await _process.StandardInput.FlushAsync();
            await AnswerAsync(answer);
        }
        finally
        {
            _gate.Release();
        }
    }

    private async Task<string> AnswerAsync(string expected)
    {
        var line = await _process!.StandardOutput.ReadLineAsync().WaitAsync(s_commandLimit);
        if (line is not null && line.StartsWith(expected, StringComparison.Ordinal))
            return line;
        if (line is null)
            await _process.WaitForExitAsync().WaitAsync(s_commandLimit);
        throw new InvalidOperationException($"start.sh answered \"{line}\" instead of \"{expected}\". {(line is null ? await _errors : "")}");
    }

    private static Process Run(string script, params string[] arguments) =>
        Process.Start(new ProcessStartInfo("bash", [Path.Combine(s_scripts, script), .. arguments])
    {
        UseShellExecute = false,
        RedirectStandardInput = true,
        RedirectStandardOutput = true,
        RedirectStandardError = true,
    })!;
}
