namespace Reelseal.Tests;

public sealed class VideoIdTests
{
    private const string Canonical = "0f8fad5b-d9cb-469f-a165-70867728950e";

    [Fact]
    public void An_id_is_read_and_written_in_one_form()
    {
        Assert.True(VideoId.TryParse(Canonical, provider: null, out var id));
        Assert.Equal(Canonical, id.ToString());
        Assert.Equal(VideoId.TextLength, id.ToString().Length);
        Assert.Equal(id, VideoId.Parse(Canonical, provider: null));
        Assert.True(VideoId.TryParse(VideoId.New().ToString(), provider: null, out _));
    }

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("0F8FAD5B-D9CB-469F-A165-70867728950E")]
    [InlineData("0f8fad5b-d9cb-469f-a165-70867728950E")]
    [InlineData("0f8fad5bd9cb469fa16570867728950e")]
    [InlineData("{0f8fad5b-d9cb-469f-a165-70867728950e}")]
    [InlineData("(0f8fad5b-d9cb-469f-a165-70867728950e)")]
    [InlineData(" 0f8fad5b-d9cb-469f-a165-70867728950e")]
    [InlineData("0f8fad5b-d9cb-469f-a165-70867728950e ")]
    [InlineData("0f8fad5b-d9cb-469f-a165-70867728950e\n")]
    [InlineData("0f8fad5b-d9cb-469f-a165-70867728950")]
    [InlineData("0f8fad5b-d9cb-469f-a165-70867728950e0")]
    [InlineData("0f8fad5b-d9cb-469f-a165-7086772895g0")]
    [InlineData("0f8fad5bd-9cb-469f-a165-70867728950e")]
    [InlineData("0x8fad5b-d9cb-469f-a165-70867728950e")] // the framework's parser reads a sign or a prefix inside
    [InlineData("+f8fad5b-d9cb-469f-a165-70867728950e")]
    [InlineData("0f8fad5b-0xcb-469f-a165-70867728950e")]
    [InlineData("0f8fad5b-+9cb-469f-a165-70867728950e")]
    [InlineData("０f8fad5b-d9cb-469f-a165-70867728950e")]
    [InlineData("../../../../../../../../../etc/passwd")]
    public void Every_other_form_is_rejected(string? text)
    {
        Assert.False(VideoId.TryParse(text, provider: null, out _));
        Assert.Throws<FormatException>(() => VideoId.Parse(text!, provider: null));
    }

    [Theory]
    [InlineData("0f8fad5b-d9cb-469f-a165-70867728950e", Canonical)]
    [InlineData("0F8FAD5B-D9CB-469F-A165-70867728950E", Canonical)]
    [InlineData("0f8fad5bd9cb469fa16570867728950e", null)]
    [InlineData("+f8fad5b-d9cb-469f-a165-70867728950e", null)]
    [InlineData(" 0f8fad5b-d9cb-469f-a165-70867728950e", null)]
    [InlineData("call-1", null)]
    [InlineData("", null)]
    [InlineData(null, null)]
    public void A_call_id_may_also_be_in_upper_case(string? callId, string? id) => Assert.Equal(id, VideoId.FromCallId(callId)?.ToString());
}
