using Reelseal.Local.Demo;

namespace Reelseal.Local.Tests.Demo;

public sealed class SharedWorkTests
{
    // As the functions write them.
    private const string Chunk = """{"LogLevel":"Information","Message":"Chunk 00002-00004 of v was encoded for another replica in 0.5 s","State":{}}""";
    private const string Alone =
        """{"Message":"v is encoded by this replica alone: It is short.","State":{"Video":"v","Obstacle":"It is short."},"Scopes":[]}""";

    [Theory]
    [InlineData("3 processes encoded it: 2 chunks were made by others than the one that leads.", Chunk, "{}", Chunk)]
    [InlineData("3 processes encoded it: 1 chunk was made by another than the one that leads.", Chunk)]
    [InlineData("One of 3 processes encoded all of it. It is short.", "a line of another kind", Alone)]
    [InlineData("One of 3 processes encoded all of it.", "{}")]
    public void A_sentence_says_how_many_chunks_others_made_or_why_none(string sentence, params string[] log) =>
        Assert.Equal(sentence, SharedWork.Describe(3, log));
}
