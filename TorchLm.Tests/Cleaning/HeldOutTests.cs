using TorchLm.Data.Cleaning;

namespace TorchLm.Tests.Cleaning;

public class HeldOutTests
{
    private const string Question = "Which of these seven large birds never learned to fly across the wide southern sea?"; // 15 words
    private const string Short = "What colour is the sky on planet Mars?"; // 8 words
    private static readonly CleaningOptions Options = new() { HeldOutTexts = [Question, Short, "Only seven words are in this one."] };

    [Theory]
    [InlineData(Question)]
    [InlineData("which OF these; seven - large \"birds\" never\nlearned to fly across... the WIDE southern sea")]
    [InlineData(Short)]
    public void A_match_goes_with_200_characters_on_each_side(string planted)
    {
        string before = CleaningTexts.Prose(300, 1), after = CleaningTexts.Prose(300, 2);
        string text = $"{before} {planted} {after}";
        CleaningResult result = Step().Apply(text);

        // The match ends at its last letter; what follows it, from the punctuation on, is among the 200 characters.
        int start = before.Length + 1, end = start + planted.TrimEnd('?', '.').Length;
        Assert.Equal($"{text[..(start - 200)].Trim()}\n\n{text[(end + 200)..].Trim()}", result.Text);
        Assert.Equal(1, result.Count);
        Assert.NotNull(result.Sample);
    }

    [Fact]
    public void Thirteen_words_of_a_held_out_text_suffice_and_twelve_do_not()
    {
        string[] words = Question.Split(' ');
        string prose = CleaningTexts.Prose(200, 3);
        Assert.NotEqual(0, Step().Apply($"{prose} {string.Join(' ', words[1..14])} {prose}").Count);
        Assert.Equal(0, Step().Apply($"{prose} {string.Join(' ', words[..12])} but {string.Join(' ', words[3..])} {prose}").Count);
    }

    [Fact]
    public void Held_out_texts_of_fewer_than_eight_words_are_not_looked_for() =>
        Assert.Equal(0, Step().Apply($"{CleaningTexts.Prose(90, 1)} Only seven words are in this one.").Count);

    [Fact]
    public void Short_held_out_texts_must_match_as_a_whole() =>
        Assert.Equal(0, Step().Apply($"{CleaningTexts.Prose(90, 1)} What colour is the sky on planet Venus?").Count);

    [Theory]
    [InlineData(10, true)]
    [InlineData(11, false)]
    public void What_more_documents_contain_than_asked_for_is_ignored(int documents, bool goes)
    {
        string text = $"{CleaningTexts.Prose(100, 4)} {Question} {CleaningTexts.Prose(100, 5)}";
        string[] corpus = [.. Enumerable.Repeat(text, documents), "another one"];
        Assert.Equal(goes, CleaningTexts.Step("held-out", Options with { HeldOutMaxDocuments = 10 }, corpus).Apply(text).Count > 0);
    }

    [Theory]
    [InlineData(9, true)] // 10 pieces
    [InlineData(10, false)] // 11 pieces
    public void A_document_that_falls_into_more_than_ten_pieces_is_removed(int matches, bool stays)
    {
        IEnumerable<string> parts = Enumerable.Range(0, matches + 1).Select(i => CleaningTexts.Prose(150, i));
        CleaningResult result = Step().Apply(string.Join($" {Question} ", parts));
        Assert.Equal(stays, result.Text is not null);
        Assert.Equal(matches, result.Count);
        if (stays) Assert.DoesNotContain("southern sea", result.Text);
    }

    [Theory]
    [InlineData(199, false)]
    [InlineData(200, true)]
    public void Pieces_of_fewer_than_200_characters_are_dropped(int left, bool stays)
    {
        string before = new('x', left + 200 - 1); // and the space
        Assert.Equal(stays ? new string('x', left) : null, Step().Apply($"{before} {Question}").Text);
    }

    [Fact]
    public void Overlapping_removals_are_one()
    {
        string text = $"{CleaningTexts.Prose(100, 1)} {Question} {Question} {CleaningTexts.Prose(5, 9)} {Short} {CleaningTexts.Prose(100, 2)}";
        Assert.Equal(1, Step().Apply(text).Count);
    }

    private static ICleaningStep Step() => CleaningTexts.Step("held-out", Options);
}
