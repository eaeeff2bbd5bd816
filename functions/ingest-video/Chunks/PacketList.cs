using System.Globalization;
using IngestVideo.Planning;

namespace IngestVideo.Chunks;

/// <summary>
/// Checks the pictures of an encoded chunk by their packets, as ffmpeg's <c>framecrc</c> muxer lists them: whatever is lost when a source is cut and decoded
/// from its middle is missing there, and ffmpeg says nothing.
/// </summary>
internal static class PacketList
{
    /// <exception cref="ChunkMismatchException">There are more pictures or fewer, or others, or other keyframes.</exception>
    public static async Task CheckAsync(string path, VideoRendition rendition, TranscodePlan plan, Chunk chunk, CancellationToken cancellationToken)
    {
        var unit = 0.0;
        var packets = new List<(double Picture, bool IsKey)>();
        if (!File.Exists(path))
            throw Mismatch($"has no pictures");
        await foreach (var line in File.ReadLinesAsync(path, cancellationToken))
        {
            if (line.Split(':', '/') is [var name, var over, var under] && name.StartsWith("#tb", StringComparison.Ordinal))
                unit = double.Parse(over, CultureInfo.InvariantCulture) / double.Parse(under, CultureInfo.InvariantCulture);
            else if (line is [not '#', ..] && line.Split(',') is [_, _, var shown, _, _, _, .. var more])
                packets.Add((
                    (long.Parse(shown, CultureInfo.InvariantCulture) * unit - plan.ClockStart.TotalSeconds) * rendition.FrameRate.PerSecond,
                    !more.Any(field => field.StartsWith(" F=", StringComparison.Ordinal)))); // flags that are not those of a keyframe
        }
        packets.Sort();
        var (first, count) = (rendition.Pictures(plan, 0, chunk.First), rendition.Pictures(plan, chunk.First, chunk.End));
        if (packets.Count != count)
            throw Mismatch($"has {packets.Count} pictures instead of {count}");
        // A copied picture may begin within a frame after the sound, and all are later by as much.
        if (packets[0].Picture - first is < -0.01 or > 1.01 || (!plan.CopiesSource && packets[0].Picture - first > 0.01))
            throw Mismatch($"begins with picture {packets[0].Picture:0.00} instead of {first}");
        var keyframes = chunk.Keyframes.Select(keyframe => rendition.Pictures(plan, chunk.First, keyframe)).ToHashSet();
        for (var index = 0; index < count; index++)
        {
            if (Math.Abs(packets[index].Picture - packets[0].Picture - index) > 0.1 || packets[index].IsKey != keyframes.Contains(index))
                throw Mismatch($"has another picture than {first + index} at its place");
        }

        ChunkMismatchException Mismatch(FormattableString what) =>
            new($"{rendition.Name} of chunk {chunk.Name} {FormattableString.Invariant(what)}.");
    }
}
