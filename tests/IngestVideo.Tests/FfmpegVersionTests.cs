using System.Runtime.Versioning;
using IngestVideo.Processes;
using Microsoft.Extensions.Options;
using Reelseal;
using Reelseal.Testing;

namespace IngestVideo.Tests;

[SupportedOSPlatform("linux")]
public sealed class FfmpegVersionTests
{
    [Theory]
    [InlineData("5.1.6-0+deb12u1", "5.1")]     // Debian 12
    [InlineData("6.1.1-3ubuntu5", "6.1")]      // Ubuntu 24.04
    [InlineData("7.1-static", "7.1")]
    [InlineData("n7.1.1", "7.1")]              // Arch
    [InlineData("4.4.2-0ubuntu0.22.04.1", "4.4")]
    [InlineData("10.0", "10.0")]
    [InlineData("N-118448-g43be8d0728", null)] // built from git
    [InlineData("git-2020-08-31-4a11a6f", null)]
    [InlineData("2025-01-05-git-19c95ecbff-full_build-www.gyan.dev", null)]
    [InlineData("", null)]
    public void A_release_is_read_and_a_build_from_git_has_none(string text, string? release) =>
        Assert.Equal(release, new FfmpegVersion("ffmpeg", text).Release?.ToString());

    [Theory]
    [InlineData("4.4.2-0ubuntu0.22.04.1")]
    [InlineData("5.0.3")]
    [InlineData("n4.4")]
    public async Task An_old_ffmpeg_stops_the_start_with_a_sentence(string version)
    {
        var settings = await CheckAsync(version);
        var refusal = Assert.Throws<OptionsValidationException>(settings.ThrowIfInvalid);
        Assert.Equal(
            [$"ffmpeg {version} is too old: ingest-video needs version 5.1 or newer.",
                $"ffprobe {version} is too old: ingest-video needs version 5.1 or newer."],
            refusal.Failures);
    }

    [Theory]
    [InlineData("5.1")]
    [InlineData("7.1.1-1")]
    [InlineData("N-118448-g43be8d0728")]
    public async Task A_new_or_unknown_ffmpeg_is_accepted(string version) => (await CheckAsync(version)).ThrowIfInvalid();

    [Fact]
    public void A_missing_ffmpeg_is_left_to_the_health_check()
    {
        var settings = new Settings(_ => null, "");
        FfmpegVersion.Check(settings, _ => null);
        settings.ThrowIfInvalid();
    }

    /// <summary>Checks programs that print nothing but their version.</summary>
    private static async Task<Settings> CheckAsync(string version)
    {
        using var folder = new TemporaryDirectory();
        foreach (var program in (string[])["ffmpeg", "ffprobe"])
        {
            var path = Path.Combine(folder.Path, program);
            await File.WriteAllTextAsync(path, $"#!/bin/sh\necho '{program} version {version} Copyright (c) 2000-2026 the FFmpeg developers'\n");
            File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserExecute);
        }
        var settings = new Settings(_ => null, "");
        FfmpegVersion.Check(settings, program => Path.Combine(folder.Path, program));
        return settings;
    }
}
