using TorchLm.Data.Cleaning;

namespace TorchLm.Tests.Cleaning;

public class PersonalDataTests
{
    [Theory]
    [InlineData("Write to jane.doe+news@mail.example.co.uk.", "Write to [email].")]
    [InlineData("<a_b%c@example.org>", "<[email]>")]
    [InlineData("x@y.de, z@w.fr", "[email], [email]")]
    [InlineData("\u8054\u7CFBbob@example.com\u8C22\u8C22", "\u8054\u7CFB[email]\u8C22\u8C22")]
    [InlineData("j\u00FCrgen@m\u00FCller.de", "[email]")]
    public void Addresses_become_a_placeholder(string text, string expected) => Replaced("emails", text, expected);

    [Theory]
    [InlineData("@handle on a network")]
    [InlineData("user@localhost")]
    [InlineData("5 apples @ 3.50 each")]
    [InlineData("a@b.1234")]
    [InlineData("a@.com and b@-x.com and .@x")]
    [InlineData("mail me at (at) example.com")]
    public void What_only_looks_like_an_address_stays(string text) => Stays("emails", text);

    [Theory]
    [InlineData("+49 30 1234567", "[phone]")]
    [InlineData("+1 (212) 555-0123.", "[phone].")]
    [InlineData("Tel.: +44-20-7946-0958, Fax", "Tel.: [phone], Fax")]
    [InlineData("+33123456789", "[phone]")]
    [InlineData("(212) 555-0123", "[phone]")]
    [InlineData("212-555-0123 or 212.555.0199", "[phone] or [phone]")]
    [InlineData("call 1-800-555-0199 now", "call [phone] now")]
    [InlineData("0049 30 1234567", "[phone]")]
    [InlineData("030/1234567", "[phone]")]
    [InlineData("020 7946 0958", "[phone]")]
    [InlineData("(020) 7946 0958", "[phone]")]
    [InlineData("01 23 45 67 89", "[phone]")]
    [InlineData("212-555-0123 2 times", "[phone] 2 times")]
    public void Telephone_numbers_become_a_placeholder(string text, string expected) => Replaced("phones", text, expected);

    [Theory]
    [InlineData("born 1999-12-31, died 31-12-2020, on 01/02/2003 and 01.02.2003")]
    [InlineData("at 10:30:45 or 2024-01-02 10:30")]
    [InlineData("1234567890 and 0123456789 and 2125550123")]
    [InlineData("1,234,567 people, 3.14159265, $123-456-7890")]
    [InlineData("192.168.100.1000 and 10.0.0.1, version 212.555.0123.4")]
    [InlineData("ISBN 0-306-40615-2 and 978-3-16-148410-0")]
    [InlineData("pages 212-555 of 1000")]
    [InlineData("112-555-0123 and 212-155-0123")]
    [InlineData("a+4930123456789 and 2+12345678901")]
    [InlineData("scores 212 555 0123")]
    [InlineData("4111-1111-1111-1111")]
    [InlineData("+1234567")]
    [InlineData("1 2 3 4 5 6 7 8 9 10 11 12")]
    public void What_only_looks_like_a_telephone_number_stays(string text) => Stays("phones", text);

    // The test numbers that card schemes publish.
    [Theory]
    [InlineData("4111111111111111", "[card]")]
    [InlineData("pay with 4111 1111 1111 1111.", "pay with [card].")]
    [InlineData("5555-5555-5555-4444, 2024", "[card], 2024")]
    [InlineData("3782 822463 10005", "[card]")]
    [InlineData("6011111111111117 and 30569309025904", "[card] and [card]")]
    [InlineData("4222222222222", "[card]")] // 13 digits
    [InlineData("4111 1111 1111 1111 123", "[card] 123")]
    public void Card_numbers_become_a_placeholder(string text, string expected) => Replaced("cards", text, expected);

    [Theory]
    [InlineData("4111111111111112")] // fails the check
    [InlineData("411111111111")] // 12 digits
    [InlineData("41111111111111111111")] // 20 digits
    [InlineData("x4111111111111111 and 4111111111111111x")]
    [InlineData("0.4111111111111111")]
    [InlineData("4111-1111 1111 1111")]
    [InlineData("0000000000000000")]
    [InlineData("4 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1")]
    public void What_only_looks_like_a_card_number_stays(string text) => Stays("cards", text);

    [Fact]
    public void Samples_do_not_tell_the_personal_data()
    {
        Assert.Equal("xxxx.xxx@xxxxxxx.xxx", CleaningTexts.Step("emails").Apply("Hello jane.doe@example.com").Sample);
        Assert.Equal("+00 00 0000000", CleaningTexts.Step("phones").Apply("Hello +49 30 1234567").Sample);
        Assert.Equal("0000 0000 0000 0000", CleaningTexts.Step("cards").Apply("Hello 4111 1111 1111 1111").Sample);
    }

    private static void Replaced(string step, string text, string expected)
    {
        CleaningResult result = CleaningTexts.Step(step).Apply(text);
        Assert.Equal(expected, result.Text);
        Assert.Equal(expected.Split('[').Length - 1, result.Count);
    }

    private static void Stays(string step, string text)
    {
        CleaningResult result = CleaningTexts.Step(step).Apply(text);
        Assert.Equal(text, result.Text);
        Assert.Equal(0, result.Count);
    }
}
