using IngestVideo.Receiving;

namespace IngestVideo.Tests.Receiving;

/// <summary>What a video is called, whatever its sender calls it.</summary>
public sealed class TitleTests
{
    [Theory]
    [InlineData("A film", "A film")]
    [InlineData("  A\r\nfilm\t\u001b[2J ", "Afilm[2J")]
    [InlineData("one\u2028two\u2029three", "onetwothree")]
    [InlineData(" \n ", null)]
    [InlineData(null, null)]
    public void A_title_is_one_line_without_control_characters(string? text, string? title) => Assert.Equal(title, ReceivedSource.CleanTitle(text));

    [Fact]
    public void A_title_has_two_hundred_characters_at_most() => Assert.Equal(new string('x', 200), ReceivedSource.CleanTitle(new string('x', 201)));

    [Fact]
    public void A_title_does_not_end_in_half_a_character() =>
        Assert.Equal(new string('x', 199), ReceivedSource.CleanTitle(new string('x', 199) + "🎉"));

    [Theory]
    [InlineData("Birthday.mp4", "Birthday")]
    [InlineData("../../etc/Birthday.2024.mp4", "Birthday.2024")]
    [InlineData(@"C:\Users\me\Birthday.mp4", "Birthday")]
    [InlineData("folder/", null)]
    [InlineData(null, null)]
    public void The_name_of_a_file_is_a_title_without_its_folders_and_its_ending(string? file, string? title) =>
        Assert.Equal(title, ReceivedSource.TitleOfFile(file));
}
