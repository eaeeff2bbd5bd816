using System.Buffers.Binary;
using FFMpegCore;

namespace Reelseal.Page.Tests;

/// <summary>Makes the videos of these tests.</summary>
internal static class Film
{
    public const int Seconds = 60;
    public const string Title = "Colours, slowly";
    public const int FirstTone = 440;
    public const int SecondTone = 1760;
    public const string Words = "Words on the screen";
    public const string FirstChapter = "Warm colours";
    public const string SecondChapter = "Cold colours";

    /// <summary>A minute with a moving picture, two audio tracks of different tones, subtitles that show all the time, and two chapters.</summary>
    public static async Task CreateAsync(string path, CancellationToken cancellationToken)
    {
        var subtitles = path + ".srt";
        await File.WriteAllTextAsync(subtitles, $"1\n00:00:00,000 --> 00:00:{Seconds - 1},900\n{Words}\n", cancellationToken);
        var chapters = path + ".txt";
        await File.WriteAllTextAsync(
            chapters, $"""
            ;FFMETADATA1
            [CHAPTER]
            TIMEBASE=1/1
            START=0
            END=20
            title={FirstChapter}
            [CHAPTER]
            TIMEBASE=1/1
            START=20
            END={Seconds}
            title={SecondChapter}
            """, cancellationToken);
        await FFMpegArguments
            .FromFileInput($"gradients=size=640x360:rate=15:duration={Seconds}:speed=0.06:nb_colors=4:c0=0x0f4c5c:c1=0xf4a261:c2=0x2a9d8f:c3=0x9a031e:seed=7",
                false, Lavfi)
            .AddFileInput($"sine=frequency={FirstTone}:duration={Seconds}", false, Lavfi)
            .AddFileInput($"sine=frequency={SecondTone}:duration={Seconds}", false, Lavfi)
            .AddFileInput(subtitles, true, _ => { })
            .AddFileInput(chapters, true, input => input.WithCustomArgument("-f ffmetadata"))
            .OutputToFile(path, true, output => output
                .WithCustomArgument("-map 0:v -map 1:a -map 2:a -map 3:s -map_chapters 4")
                .WithCustomArgument("-metadata:s:a:0 language=eng -metadata:s:a:1 language=deu -metadata:s:s:0 language=eng")
                .WithCustomArgument("-c:v libx264 -preset ultrafast -pix_fmt yuv420p -g 30 -c:a aac -c:s mov_text"))
            .ProcessAsynchronously(true, null, cancellationToken);
        File.Delete(subtitles);
        File.Delete(chapters);

        static void Lavfi(FFMpegInputOptions input) => input.WithCustomArgument("-f lavfi");
    }

    /// <summary>Some seconds, as large as asked for: an MP4 may have free space (ISO/IEC 14496-12, 8.1.2).</summary>
    public static async Task CreateShortAsync(string path, int seconds, int bytes, CancellationToken cancellationToken)
    {
        await Local.Playback.Clip.CreateAsync(path, TimeSpan.FromSeconds(seconds), 320, 180, cancellationToken);
        await using var file = new FileStream(path, FileMode.Open);
        var free = bytes - (int)file.Length;
        if (free <= 8)
            return;
        file.Seek(0, SeekOrigin.End);
        var header = new byte[8];
        BinaryPrimitives.WriteInt32BigEndian(header, free);
        "free"u8.CopyTo(header.AsSpan(4));
        file.Write(header);
        file.SetLength(bytes);
    }
}
