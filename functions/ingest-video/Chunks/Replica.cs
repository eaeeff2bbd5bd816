using System.Security.Cryptography;
using IngestVideo.Processes;
using Reelseal.Telemetry;

namespace IngestVideo.Chunks;

/// <summary>This process among those of its function.</summary>
public sealed record Replica
{
    /// <summary>Different for each: a lead whose call comes back to itself recognises it.</summary>
    public string Id { get; init; } = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(16));

    /// <summary>Its build, and its ffmpeg: only replicas of the same image make chunks that fit together.</summary>
    public string Image { get; init; } =
        string.Join(' ', FfmpegVersion.Installed(Sandbox.Find).Where(version => version.Program == "ffmpeg").Select(version => version.Text)
            .Prepend($"{typeof(Replica).Module.ModuleVersionId}").Prepend(ReleaseVersion.Current));
}
