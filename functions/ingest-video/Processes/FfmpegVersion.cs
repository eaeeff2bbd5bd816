using System.Collections.Concurrent;
using System.Globalization;
using System.Text.RegularExpressions;
using Reelseal;

namespace IngestVideo.Processes;

/// <summary>The version that ffmpeg or ffprobe reports.</summary>
/// <param name="Program"><c>ffmpeg</c> or <c>ffprobe</c>.</param>
/// <param name="Text">The version as the program writes it, such as <c>5.1.6-0+deb12u1</c> or <c>N-118448-g43be8d0728</c>; empty if it writes none.</param>
internal sealed partial record FfmpegVersion(string Program, string Text)
{
    /// <summary>Debian 12's. Filters and muxer options that we use are missing from older versions.</summary>
    private static readonly Version s_oldest = new(5, 1);

    private static readonly ConcurrentDictionary<string, FfmpegVersion> s_known = new(StringComparer.Ordinal);

    /// <summary>The release, or null: builds from git are named by date or by commit.</summary>
    public Version? Release => ReleaseNumber().Match(Text) is { Success: true } match
        ? new(Number(match.Groups["major"]), Number(match.Groups["minor"])) : null;

    /// <summary>Reads the versions of the installed programs; a missing one is left out, because <see cref="FfmpegHealth"/> reports it.</summary>
    /// <param name="find">Returns the path of a program, or null.</param>
    public static IEnumerable<FfmpegVersion> Installed(Func<string, string?> find)
    {
        foreach (var program in (string[])["ffmpeg", "ffprobe"])
        {
            if (find(program) is { } path)
                yield return s_known.GetOrAdd(path, static (path, program) => Read(path, program), program);
        }
    }

    /// <summary>Adds an error to <paramref name="settings"/> for each program that is too old. An unknown version is accepted.</summary>
    public static void Check(Settings settings, Func<string, string?> find)
    {
        foreach (var version in Installed(find))
        {
            if (version.Release is { } release && release < s_oldest)
                settings.AddError($"{version.Program} {version.Text} is too old: ingest-video needs version {s_oldest} or newer.");
        }
    }

    private static int Number(Group digits) => int.Parse(digits.ValueSpan, CultureInfo.InvariantCulture);

    private static FfmpegVersion Read(string path, string program)
    {
        var banner = "";
        using var timeout = new CancellationTokenSource(TimeSpan.FromSeconds(10));
        try
        {
            // At start nothing else is running that a blocked thread could hold up.
            ChildProcess.RunAsync(new(path, ["-version"]), onStarted: null, line => banner = banner.Length == 0 ? line : banner, timeout.Token)
                .GetAwaiter().GetResult();
        }
        catch (Exception e) when (e is OperationCanceledException or System.ComponentModel.Win32Exception)
        {
            return new(program, ""); // a program that cannot be run fails at the first video, with its reason
        }
        return new(program, Banner().Match(banner).Groups["text"].Value);
    }

    /// <summary>The first line: <c>ffmpeg version 6.1.1-3ubuntu5 Copyright (c) …</c>.</summary>
    [GeneratedRegex(@"^\w+ version (?<text>\S+)", RegexOptions.None, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Banner();

    /// <summary><c>5.1.6-0+deb12u1</c>, <c>7.1</c>, <c>n4.4.1</c>; but not <c>N-118448-g43be8d0728</c> or <c>2025-01-05-git-19c95ecbff</c>.</summary>
    [GeneratedRegex(@"^n?(?<major>\d{1,4})\.(?<minor>\d{1,4})", RegexOptions.None, matchTimeoutMilliseconds: 1000)]
    private static partial Regex ReleaseNumber();
}
